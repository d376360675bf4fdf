//! Doors to the private parsers, for the fuzz targets alone: nothing that ships has them.

use crate::config::{Config, ConfigError, parse_rules};

/// A configuration file's text, read and checked.
pub fn config(text: &str) -> Result<Config, ConfigError> {
    let config = Config::parse(text)?;
    config.check()?;
    Ok(config)
}

/// The name of a rule pack.
pub fn rules(text: &str) -> Result<String, ConfigError> {
    parse_rules(text)
}
