//! What holds for one option: its default, what may be said, and what the chart calls it.

use std::ops::RangeInclusive;

use toml::Value;

use super::OptionsError;

/// One option that has a default.
pub(super) struct Rule {
    /// The flag, without its dashes.
    pub option: &'static str,
    pub allowed: Allowed,
    /// Where the chart has it; `None`: not as a value of its own, or written there by hand.
    pub chart: Option<InChart>,
}

/// What may be said, and what holds if nothing is.
pub(super) enum Allowed {
    Number {
        default: u64,
        least: u64,
        most: u64,
    },
    /// One of these; the first is the default.
    Word(&'static [&'static str]),
    /// Checked where it is read.
    Text {
        default: &'static str,
    },
}

/// An option as a value of the chart, and how it differs there.
pub(super) struct InChart {
    /// `value`, or `section.value`.
    pub value: &'static str,
    pub default: Option<u64>,
    pub most: Option<u64>,
    /// Instead of the flag's help.
    pub meaning: Option<&'static str>,
}

impl Rule {
    pub const fn number(option: &'static str, default: u64, range: RangeInclusive<u64>) -> Self {
        let (least, most) = (*range.start(), *range.end());
        Rule { option, allowed: Allowed::Number { default, least, most }, chart: None }
    }

    pub const fn word(option: &'static str, words: &'static [&'static str]) -> Self {
        Rule { option, allowed: Allowed::Word(words), chart: None }
    }

    pub const fn text(option: &'static str, default: &'static str) -> Self {
        Rule { option, allowed: Allowed::Text { default }, chart: None }
    }

    pub const fn in_chart(self, value: &'static str) -> Self {
        let chart = InChart { value, default: None, most: None, meaning: None };
        Rule { chart: Some(chart), ..self }
    }

    pub const fn explained(mut self, meaning: &'static str) -> Self {
        if let Some(chart) = &mut self.chart {
            chart.meaning = Some(meaning);
        }
        self
    }

    pub const fn with_default(mut self, default: u64) -> Self {
        if let Some(chart) = &mut self.chart {
            chart.default = Some(default);
        }
        self
    }

    pub const fn up_to(mut self, most: u64) -> Self {
        if let Some(chart) = &mut self.chart {
            chart.most = Some(most);
        }
        self
    }

    pub fn default(&self) -> Value {
        match self.allowed {
            Allowed::Number { default, .. } => Value::Integer(default.cast_signed()),
            Allowed::Word(words) => Value::String(words[0].into()),
            Allowed::Text { default } => Value::String(default.into()),
        }
    }

    /// Whether a value that has the right type may be said.
    pub fn check(&self, value: &Value) -> Result<(), OptionsError> {
        let wrong = |value: String, why| OptionsError::Wrong { option: self.option, value, why };
        match (&self.allowed, value) {
            (Allowed::Number { least, most, .. }, Value::Integer(number)) => {
                let allowed = u64::try_from(*number).is_ok_and(|n| (*least..=*most).contains(&n));
                let why = || format!("it must be {least} to {most}");
                allowed.then_some(()).ok_or_else(|| wrong(number.to_string(), why()))
            }
            (Allowed::Word(words), Value::String(word)) => {
                let why = || format!("it is {}", words.join(" or "));
                let allowed = words.contains(&word.as_str());
                allowed.then_some(()).ok_or_else(|| wrong(word.clone(), why()))
            }
            _ => Ok(()),
        }
    }
}
