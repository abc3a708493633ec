#![doc = include_str!("../README.md")]

mod budget;
mod calls;
pub mod datapoint;
mod duration;
mod estimate;
mod filter;
mod fold;
mod ids;
mod inspect;
mod isolation;
mod lag;
mod listing;
mod month;
pub mod names;
pub mod port;
mod reading;
mod schedule;
mod snapshot;
mod trend;
mod window;

pub use budget::{
    BudgetFit, BudgetNews, BudgetPolicy, BudgetReport, Budgets, FREE_REQUESTS, MonthUsage,
};
pub use calls::{ApiCalls, CallCount, CallTotals};
pub use datapoint::{DatapointError, Statistic};
pub use duration::{InvalidDuration, PromDuration};
pub use estimate::{CallEstimate, calls_per_month, series_per_page};
pub use filter::{GroupFilter, InvalidMatcher, Matcher};
pub use fold::SnapshotBuilder;
pub use ids::{GroupKey, GroupName, InstanceId, InvalidName, SeriesName, TopicName};
pub use inspect::{Fate, Inspection};
pub use isolation::{BATCH, QueryFault, Rests};
pub use lag::{InvalidLag, Lag};
pub use listing::Listing;
pub use month::{InvalidMonth, Month};
pub use reading::{Board, BoardCell, Instance, InstanceBoard, Reading, Row, SourceBoard};
pub use schedule::Schedule;
pub use snapshot::{DropReason, Dropped, LagSample, LagSnapshot, SnapshotRules};
pub use trend::Trend;
pub use window::{InvalidWindow, QueryWindow, WindowPolicy};
