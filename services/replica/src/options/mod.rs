//! A replica's options: flags over environment over a TOML file over defaults.

mod args;
mod check;
mod error;
mod generated;
mod resolve;
mod rule;
mod settings;

#[cfg(test)]
mod tests;

pub use args::ServeArgs;
pub use error::OptionsError;
pub use generated::{Generated, generated};
pub use resolve::{LogFormat, Options};
pub(crate) use settings::differences;
