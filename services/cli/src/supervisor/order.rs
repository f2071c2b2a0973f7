//! What the two processes tell each other: lines over a pair of sockets, the first with the command's
//! standard input.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// What the supervisor is told. When nothing comes any more, the command must go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The lock is held: the command must be asked to go at `ask` and be gone at `kill`, boot times,
    /// unless this is told anew.
    Until { ask: Duration, kill: Duration },
    /// A signal is passed on.
    Signal(i32),
    /// The lock is gone: the command must be gone, too.
    Kill,
}

/// What the supervisor tells, once, when nothing of the command is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Report {
    /// The command has ended by itself, with this exit code.
    Ended(u8),
    /// It was ended because the lock's time was over.
    Lost,
}

impl Order {
    pub fn to_line(self) -> String {
        match self {
            Order::Until { ask, kill } => format!("until {} {}\n", ask.as_nanos(), kill.as_nanos()),
            Order::Signal(number) => format!("signal {number}\n"),
            Order::Kill => "kill\n".to_owned(),
        }
    }

    pub fn of_line(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let time = |word: &str| word.parse().ok().map(Duration::from_nanos);
        match *words {
            ["until", ask, kill] => Some(Order::Until { ask: time(ask)?, kill: time(kill)? }),
            ["signal", number] => number.parse().ok().map(Order::Signal),
            ["kill"] => Some(Order::Kill),
            _ => None,
        }
    }
}

impl Report {
    pub fn to_line(self) -> String {
        match self {
            Report::Ended(code) => format!("ended {code}\n"),
            Report::Lost => "lost\n".to_owned(),
        }
    }

    pub fn of_line(line: &str) -> Option<Self> {
        match *line.split_whitespace().collect::<Vec<_>>() {
            ["ended", code] => code.parse().ok().map(Report::Ended),
            ["lost"] => Some(Report::Lost),
            _ => None,
        }
    }
}

/// Sends this process's standard input, for the command.
pub fn hand_over_stdin(channel: impl AsFd) -> io::Result<()> {
    let stdin = io::stdin();
    let fds = [stdin.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    sendmsg(channel, &[IoSlice::new(b"\n")], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for the standard input that was sent.
pub fn take_over_stdin(channel: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(channel, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let sent = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    sent.ok_or_else(|| io::Error::other("no standard input was handed over"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_understood() {
        let (ask, kill) = (Duration::new(5, 7), Duration::from_nanos(u64::MAX));
        for order in [Order::Until { ask, kill }, Order::Signal(15), Order::Kill] {
            assert_eq!(Order::of_line(&order.to_line()), Some(order));
        }
        for report in [Report::Ended(143), Report::Lost] {
            assert_eq!(Report::of_line(&report.to_line()), Some(report));
        }
        assert_eq!(Order::of_line("until 5"), None);
        assert_eq!(Report::of_line("ended 256"), None);
    }
}
