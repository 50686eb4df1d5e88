//! What holds for every model: time limits, the waiting budget and the defaults of request parameters.

use std::time::Duration;

use holmes_config::{ConfigError, Environment};
use serde_json::Value;

use crate::{limiter, retry::Policy};

/// HolmesGPT's default: as good as zero, but some servers refuse zero.
const TEMPERATURE: f64 = 0.000_000_01;
/// HolmesGPT's default for one call of a model.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(10);
/// Reasoning models are silent for long; two minutes without a byte is a dead connection.
const IDLE_TIMEOUT: Duration = Duration::from_mins(2);

/// What holds for every model.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Sent unless the entry or the kind of model says otherwise; none to send none.
    pub temperature: Option<f64>,
    /// For reasoning models whose entry does not set it.
    pub reasoning_effort: Option<String>,
    /// For Claude models whose entry does not set it: a JSON object.
    pub thinking: Option<Value>,
    /// Calls of one deployment at a time.
    pub concurrent_calls: u32,
    /// Headers for entries that do not set them: a JSON object.
    pub extra_headers: Option<Value>,
    /// From the request to the end of the answer.
    pub request_timeout: Duration,
    /// Between two pieces of an answer.
    pub idle_timeout: Duration,
    /// When and how long to wait before another try.
    pub retry: Policy,
    /// Replaces the window of the model table.
    pub window: Option<u64>,
    /// Replaces the output limit that is sent.
    pub max_output: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            temperature: Some(TEMPERATURE),
            reasoning_effort: None,
            thinking: None,
            concurrent_calls: limiter::PLACES,
            extra_headers: None,
            request_timeout: REQUEST_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            retry: Policy::default(),
            window: None,
            max_output: None,
        }
    }
}

impl Settings {
    /// `HolmesGPT`'s variables. A value that can not be read is an error, not a default.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let mut settings = Self::default();
        settings.temperature = match environment.get("TEMPERATURE").map(str::trim) {
            None => settings.temperature,
            Some("none" | "null") => None,
            Some(_) => environment.parsed("TEMPERATURE", "a number, `none` or `null`")?,
        };
        settings.reasoning_effort = environment.get("REASONING_EFFORT").map(str::to_owned);
        settings.thinking = object(environment, "THINKING")?;
        settings.extra_headers = object(environment, "EXTRA_HEADERS")?;
        let concurrent = environment.parsed("LLM_MAX_CONCURRENT_CALLS_PER_MODEL", "a number of calls")?;
        // 0 means off, as with HolmesGPT's other limits.
        settings.concurrent_calls = concurrent.filter(|calls| *calls > 0).unwrap_or(limiter::PLACES);
        if let Some(limit) = seconds(environment, "LLM_REQUEST_TIMEOUT")? {
            settings.request_timeout = limit;
        }
        if let Some(budget) = seconds(environment, "LLM_RATE_LIMIT_MAX_WAIT_SECONDS")? {
            settings.retry.budget = budget;
        }
        settings.window = tokens(environment, "OVERRIDE_MAX_CONTENT_SIZE")?;
        settings.max_output = tokens(environment, "OVERRIDE_MAX_OUTPUT_TOKEN")?;
        Ok(settings)
    }
}

fn object(environment: &Environment, name: &str) -> Result<Option<Value>, ConfigError> {
    let Some(text) = environment.get(name) else { return Ok(None) };
    let value: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
    value.map(Some).ok_or_else(|| ConfigError::variable(name, "a JSON object"))
}

fn seconds(environment: &Environment, name: &str) -> Result<Option<Duration>, ConfigError> {
    let expected = "a number of seconds";
    let parsed: Option<f64> = environment.parsed(name, expected)?;
    let duration =
        |value| Duration::try_from_secs_f64(value).map_err(|_| ConfigError::variable(name, expected));
    parsed.map(duration).transpose()
}

/// 0 means off, as in HolmesGPT.
fn tokens(environment: &Environment, name: &str) -> Result<Option<u64>, ConfigError> {
    Ok(environment.parsed(name, "a number of tokens")?.filter(|tokens| *tokens > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_as_documented() {
        let settings = Settings::from_environment(&Environment::from([
            ("TEMPERATURE", "none"),
            ("LLM_REQUEST_TIMEOUT", "5"),
            ("LLM_RATE_LIMIT_MAX_WAIT_SECONDS", "0"),
            ("OVERRIDE_MAX_CONTENT_SIZE", "0"),
            ("OVERRIDE_MAX_OUTPUT_TOKEN", "100"),
        ]));
        let settings = settings.unwrap();
        assert_eq!(settings.temperature, None);
        assert_eq!(settings.request_timeout, Duration::from_secs(5));
        assert_eq!(settings.retry.budget, Duration::ZERO);
        assert_eq!((settings.window, settings.max_output), (None, Some(100)));
        assert_eq!(Settings::from_environment(&Environment::default()).unwrap(), Settings::default());
    }

    #[test]
    fn a_value_that_can_not_be_read_is_named() {
        for name in
            ["TEMPERATURE", "EXTRA_HEADERS", "THINKING", "LLM_REQUEST_TIMEOUT", "OVERRIDE_MAX_CONTENT_SIZE"]
        {
            let error = Settings::from_environment(&Environment::from([(name, "x")])).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
