//! Runs `ip` and `nft`.

use std::process::{Command, Output, Stdio};

/// Whether namespaces can be made at all.
///
/// # Errors
/// A sentence that says what is missing.
pub fn needs() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("only root can".into());
    }
    for (program, version) in [("ip", "-V"), ("nft", "-v")] {
        let found = Command::new(program).arg(version).stdout(Stdio::null()).status();
        found.map_err(|error| format!("the command {program} is needed: {error}"))?;
    }
    Ok(())
}

/// Runs `ip` with these words; gives what it says.
///
/// # Errors
/// What it says on standard error.
pub fn ip(words: &[&str]) -> Result<String, String> {
    read(words, Command::new("ip").args(words).stdin(Stdio::null()).output())
}

/// Runs `nft` with these words in a namespace.
///
/// # Errors
/// As for [`ip`].
pub fn nft(namespace: &str, words: &[&str]) -> Result<String, String> {
    ip(&[&["netns", "exec", namespace, "nft"], words].concat())
}

/// The same without blocking the runtime.
///
/// # Errors
/// As for [`ip`].
pub async fn nft_async(namespace: &str, words: &[&str]) -> Result<String, String> {
    let mut command = tokio::process::Command::new("ip");
    command.args(["netns", "exec", namespace, "nft"]).args(words).stdin(Stdio::null());
    read(words, command.output().await)
}

fn read(words: &[&str], output: std::io::Result<Output>) -> Result<String, String> {
    let what = words.join(" ");
    let output = output.map_err(|error| format!("{what}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
