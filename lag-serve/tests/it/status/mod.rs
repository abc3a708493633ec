//! The page at `/`: what it says, in which order and language, and that nothing from the cloud can leave its place.

mod hostile;
mod lists;
mod page;
mod rows;
