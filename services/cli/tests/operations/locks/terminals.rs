//! A command under a lock in a terminal: the shell and the keys treat both as one job.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::harness::cluster::Cluster;
use crate::harness::{binary, wait};

/// An interactive shell in a terminal of its own.
struct Terminal {
    keys: File,
    shown: Receiver<Vec<u8>>,
    seen: String,
    shell: Child,
}

impl Terminal {
    fn start(endpoints: &str) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let side = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let side = || Stdio::from(side.as_fd().try_clone_to_owned().unwrap());
        let mut shell = Command::new("setsid");
        shell.args(["--ctty", "bash", "--norc", "--noprofile", "-i"]);
        shell.env("UNDERSTUDY_ENDPOINTS", endpoints).env("understudy", binary()).env("PS1", "$ ");
        let shell = shell.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        let keys = File::from(terminal);
        let mut screen = keys.try_clone().unwrap();
        let (show, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut bytes) {
                let _ = show.send(bytes[..length].to_vec());
            }
        });
        let mut terminal = Terminal { keys, shown, seen: String::new(), shell };
        terminal.prompts();
        terminal
    }

    /// Waits until the shell reads: it may drop what was typed before.
    fn prompts(&mut self) {
        self.shows("$ ");
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this is shown, and forgets everything up to it.
    fn shows(&mut self, text: &str) -> String {
        let begun = Instant::now();
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            assert!(begun.elapsed() < wait::BOUND, "no {text:?} in {:?}", self.seen);
            if let Ok(bytes) = self.shown.recv_timeout(Duration::from_millis(100)) {
                self.seen.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

#[tokio::test]
async fn the_keys_of_a_terminal_reach_the_command_once() {
    let (cluster, _, _) = Cluster::pair().await;
    let mut terminal = Terminal::start(&cluster.endpoints().addresses().join(","));
    // It reads from the terminal, and counts its interrupts.
    let script = r#"n=0; trap "n=\$((n+1)); echo interrupt-\$n" INT; echo runs-$((6*7)); "#;
    let script = format!(r#"{script} while read word; do echo "got-$word"; done; echo end-$n"#);
    terminal.types(&format!("\"$understudy\" lock job -- bash -c '{script}'\n"));
    terminal.shows("runs-42");
    terminal.types("one\n");
    terminal.shows("got-one");
    terminal.types("\x03");
    terminal.shows("interrupt-1");
    // Stopped, the shell is back; in the foreground again, it reads on.
    terminal.types("\x1a");
    terminal.shows("Stopped");
    terminal.prompts();
    terminal.types("echo shell-$((6*7))\n");
    terminal.shows("shell-42");
    terminal.prompts();
    terminal.types("fg\n");
    terminal.shows("lock job");
    terminal.types("two\n");
    terminal.shows("got-two");
    terminal.types("\x04");
    let rest = terminal.shows("end-1");
    assert!(!rest.contains("interrupt-2"), "{rest:?}");
    terminal.prompts();
    terminal.types("echo code-$?\n");
    terminal.shows("code-0");
}

#[tokio::test]
async fn ctrl_c_ends_a_command_that_does_not_mind_it() {
    let (cluster, _, _) = Cluster::pair().await;
    let mut terminal = Terminal::start(&cluster.endpoints().addresses().join(","));
    // No shell in between: one that is just forking would lose the signal.
    let script = "sleep 1000 & echo runs-$((6*7)); exec sleep 1000";
    terminal.types(&format!("\"$understudy\" lock job -- sh -c '{script}'\n"));
    terminal.shows("runs-42");
    terminal.types("\x03");
    terminal.prompts();
    terminal.types("echo code-$?\n");
    terminal.shows("code-130");
    assert_eq!(cluster.client().lock_holder("job").await.unwrap().0, None);
}
