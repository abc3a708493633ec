//! Configurations for programs that only look: a region without instances, and fewer log lines.

use super::{Config, ConfigError, Env, File, LogConfig, pick::flag_place};
use crate::args::{Args, LogArgs};

/// Stands for instances that are not known yet; never sent.
const NOT_KNOWN: &str = "not-known-yet";

impl Config {
    /// As [`Self::resolve`], and instances may be missing: the sources then have none. For programs that ask which
    /// instances or metrics there are.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_region(args: &Args, file: &File, env: Env<'_>) -> Result<Self, ConfigError> {
        let given = |value: &Option<String>, variable: &str| {
            let set = |text: &String| !text.is_empty();
            value.as_ref().is_some_and(set) || env(variable).as_ref().is_some_and(set)
        };
        let source = &args.read.source;
        let has_instances = source.instance.iter().any(|id| !id.trim().is_empty());
        if has_instances || given(&None, "TARGET_INSTANCE_ID") || !file.sources.is_empty() {
            return Self::resolve(args, file, env);
        }
        if !given(&source.region, "REGION_ID") && !given(&source.endpoint, "") {
            return Err(ConfigError::new(
                flag_place("--cms.region"),
                "no region is given: write one such as cn-hangzhou",
            ));
        }
        let (mut args, mut file) = (args.clone(), file.clone());
        args.read.source.instance = vec![NOT_KNOWN.to_owned()];
        args.read.group.expect.clear();
        file.group.expect = None;
        let mut config = Self::resolve(&args, &file, env)?;
        for source in &mut config.sources {
            source.instances.clear();
        }
        Ok(config)
    }
}

impl LogConfig {
    /// As [`Self::resolve`], with another level where none is given.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_with_level(
        default: &str,
        args: &LogArgs,
        file: &File,
        path: Option<&str>,
        env: Env<'_>,
    ) -> Result<Self, ConfigError> {
        let mut args = args.clone();
        if args.level.as_ref().is_none_or(String::is_empty) && file.log.level.is_none() {
            args.level = Some(default.to_owned());
        }
        Self::resolve(&args, file, path, env)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::level_filters::LevelFilter;

    fn no_env(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn a_region_is_enough_and_is_asked_for() {
        let mut args = Args::default();
        let error = Config::resolve_region(&args, &File::default(), &no_env).unwrap_err();
        assert!(error.to_string().starts_with("--cms.region"), "{error}");
        args.read.source.region = Some("cn-hangzhou".into());
        args.read.group.expect = vec!["orders".into()];
        let config = Config::resolve_region(&args, &File::default(), &no_env).unwrap();
        assert_eq!(config.sources.len(), 1);
        assert!(config.sources[0].instances.is_empty());
        assert_eq!(config.sources[0].region, "cn-hangzhou");
    }

    #[test]
    fn instances_that_are_given_stay() {
        let mut args = Args::default();
        args.read.source.region = Some("cn-hangzhou".into());
        args.read.source.instance = vec!["i-1".into()];
        let config = Config::resolve_region(&args, &File::default(), &no_env).unwrap();
        assert_eq!(config.sources[0].instances[0].as_str(), "i-1");
        let file = "sources:\n  - region: cn-hangzhou\n    instances: [i-2]\n";
        let file = File::parse("lag.yml", file).unwrap();
        let config = Config::resolve_region(&Args::default(), &file, &no_env).unwrap();
        assert_eq!(config.sources[0].instances[0].as_str(), "i-2");
    }

    #[test]
    fn another_level_holds_only_where_none_is_given() {
        let level = |given: Option<&str>, file: &str| {
            let args = LogArgs {
                level: given.map(str::to_owned),
                format: None,
            };
            let file = File::parse("lag.yml", file).unwrap();
            LogConfig::resolve_with_level("warn", &args, &file, None, &no_env)
                .unwrap()
                .level
        };
        assert_eq!(level(None, ""), LevelFilter::WARN);
        assert_eq!(level(Some("debug"), ""), LevelFilter::DEBUG);
        assert_eq!(level(None, "log:\n  level: info\n"), LevelFilter::INFO);
    }
}
