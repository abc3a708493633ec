#![doc = include_str!("../README.md")]

pub mod alert;
mod board;
mod budget;
mod calls;
pub mod datapoint;
mod duration;
pub mod escalate;
mod estimate;
mod filter;
mod fold;
mod front_proxy;
mod handover;
mod history;
mod ids;
mod inspect;
mod isolation;
mod label;
mod lag;
mod listing;
mod mapping;
mod month;
pub mod names;
pub mod port;
mod progress;
mod range;
mod reading;
pub mod recommend;
mod report;
mod schedule;
mod scope;
mod selector;
mod severity;
pub mod simulate;
mod snapshot;
mod standing;
mod target;
mod threshold;
mod trend;
pub mod trigger;
mod trouble;
mod window;

pub use board::{Board, BoardCell, Instance, InstanceBoard, Keep, Rewatched, Row, SourceBoard};
pub use budget::{
    BudgetFit, BudgetNews, BudgetPolicy, BudgetReport, Budgets, FREE_REQUESTS, MonthUsage,
};
pub use calls::{ApiCalls, CallCount, CallTotals};
pub use datapoint::{DatapointError, Statistic};
pub use duration::{InvalidDuration, PromDuration};
pub use estimate::{CallEstimate, calls_per_month, series_per_page};
pub use filter::{GroupFilter, InvalidMatcher, Matcher};
pub use fold::SnapshotBuilder;
pub use front_proxy::{FRONT_PROXY_CONFIG, FrontProxy, FrontProxyError, User};
pub use handover::{Handover, HandoverError, Writer};
pub use history::{Earlier, History, Hour, SLOTS as HISTORY_SLOTS};
pub use ids::{GroupKey, GroupName, InstanceId, InvalidName, SeriesName, TopicName};
pub use inspect::{Fate, Inspection};
pub use isolation::{BATCH, QueryFault, Rests};
pub use label::{alias, is_label_value};
pub use lag::{InvalidLag, Lag};
pub use listing::Listing;
pub use mapping::{
    AllowedWorkload, InvalidAllowed, InvalidTemplate, MappingError, TargetMap, TargetRule, Template,
};
pub use month::{InvalidMonth, Month};
pub use progress::{ConsumerProgress, Opinion, ProgressError};
pub use range::{InvalidRange, Range};
pub use reading::Reading;
pub use report::digits;
pub use report::{Effect, Event, Language, Markup, Message, News, Note, Outcome, Refusal, compose};
pub use schedule::Schedule;
pub use scope::NamespaceScopes;
pub use selector::{InvalidSelector, Selector};
pub use severity::{Limits, Severity};
pub use snapshot::{DropReason, Dropped, LagSample, LagSnapshot, SnapshotRules};
pub use standing::{Stand, Standing};
pub use target::{
    Bounds, EmptyBounds, OnAutoscaler, Replicas, RestartWay, Target, Workload, WorkloadKind,
};
pub use threshold::{InvalidThreshold, Threshold};
pub use trend::Trend;
pub use trouble::{Condition, Finding, GroupLimits, Tally, Trouble};
pub use window::{InvalidWindow, QueryWindow, WindowPolicy};
