//! Looks at consumer lag from a terminal.

fn main() {}
