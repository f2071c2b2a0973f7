//! What lies between replicas and clients.

use super::board::Board;
use super::fault::{Lines, Way};

/// What lies between replicas and clients, and can be hurt.
pub enum Network {
    /// Proxies in front of each port.
    Proxies(Board),
}

type Result = std::result::Result<(), String>;

impl Network {
    /// Resets connections of a replica.
    pub async fn reset(&self, number: usize, lines: Lines) -> Result {
        match self {
            Network::Proxies(board) => board.reset(number, lines),
        }
        Ok(())
    }

    /// Lets nothing through between a replica and others.
    pub async fn cut(&self, number: usize, lines: Lines, way: Way) -> Result {
        match self {
            Network::Proxies(board) => board.change(number, lines, way, |flow| flow.cuts += 1),
        }
        Ok(())
    }

    /// Takes back one [`Network::cut`].
    pub async fn mend_cut(&self, number: usize, lines: Lines, way: Way) -> Result {
        match self {
            Network::Proxies(board) => board.change(number, lines, way, |flow| flow.cuts -= 1),
        }
        Ok(())
    }

    /// Lets everything between a replica and others come so much later, both ways.
    pub async fn delay(&self, number: usize, lines: Lines, ms: u32) -> Result {
        match self {
            Network::Proxies(board) => {
                board.change(number, lines, Way::Both, |flow| flow.delay_ms = ms);
            }
        }
        Ok(())
    }

    /// Loses so many of 100 packets between a replica and others.
    pub async fn lose(&self, _number: usize, _lines: Lines, _percent: u32) -> Result {
        match self {
            Network::Proxies(_) => Err("a proxy sees no packets: use --netns".into()),
        }
    }

    /// Takes back one [`Network::lose`].
    pub async fn mend_loss(&self, _number: usize, _lines: Lines, _percent: u32) -> Result {
        match self {
            Network::Proxies(_) => Ok(()),
        }
    }
}
