#![doc = include_str!("../README.md")]

mod budget;
mod calls;
pub mod datapoint;
mod duration;
mod filter;
mod fold;
mod ids;
mod isolation;
mod lag;
pub mod names;
pub mod port;
mod reading;
mod schedule;
mod snapshot;
mod trend;
mod window;

pub use budget::{
    BudgetNews, BudgetPolicy, BudgetReport, Budgets, FREE_REQUESTS, InvalidMonth, Month, MonthUsage,
};
pub use calls::{ApiCalls, CallCount, CallTotals};
pub use datapoint::{DatapointError, Statistic};
pub use duration::{InvalidDuration, PromDuration};
pub use filter::{GroupFilter, InvalidMatcher, Matcher};
pub use fold::SnapshotBuilder;
pub use ids::{GroupKey, GroupName, InstanceId, InvalidName, SeriesName, TopicName};
pub use isolation::{QueryFault, Rests};
pub use lag::{InvalidLag, Lag};
pub use reading::{Board, BoardCell, Instance, InstanceBoard, Reading, Row, SourceBoard};
pub use schedule::Schedule;
pub use snapshot::{DropReason, Dropped, LagSample, LagSnapshot, SnapshotRules};
pub use trend::Trend;
pub use window::{InvalidWindow, QueryWindow, WindowPolicy};
