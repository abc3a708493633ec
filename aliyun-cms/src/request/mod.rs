//! Typed requests; each is its own builder.

mod dimensions;
mod meta;
mod metric;

pub use self::{
    meta::{DescribeMetricMetaList, MetricMeta, MetricMetaPage},
    metric::{DescribeMetricLast, DescribeMetricList},
};
