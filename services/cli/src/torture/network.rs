//! What lies between replicas and clients.

use std::time::Duration;

use super::board::Board;
use super::fault::{Lines, Way};
use super::netns::{Netns, Rule};

/// What lies between replicas and clients, and can be hurt.
pub enum Network {
    /// Proxies in front of each port.
    Proxies(Board),
    /// Network namespaces, one for each replica.
    Namespaces(Netns),
}

/// What is done to what a replica and others send each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Harm {
    /// Nothing gets through.
    Cut(Way),
    /// Everything comes so much later, milliseconds, both ways.
    Delay(u32),
    /// So many of 100 packets are lost, both ways.
    Loss(u32),
}

/// Something to be mended.
pub struct Wound {
    number: usize,
    lines: Lines,
    harm: Harm,
    rules: Vec<Rule>,
}

/// So long packets are answered with resets, where there is no other way to reset a connection.
const RESETTING: Duration = Duration::from_millis(200);

impl Network {
    /// Resets connections of a replica.
    ///
    /// # Errors
    /// A sentence.
    pub async fn reset(&self, number: usize, lines: Lines) -> Result<(), String> {
        match self {
            Network::Proxies(board) => board.reset(number, lines),
            Network::Namespaces(netns) => {
                let rules = netns.reset(number, lines).await?;
                tokio::time::sleep(RESETTING).await;
                netns.mend(rules).await?;
            }
        }
        Ok(())
    }

    /// Hurts what a replica and others send each other.
    ///
    /// # Errors
    /// A sentence.
    pub async fn hurt(&self, number: usize, lines: Lines, harm: Harm) -> Result<Wound, String> {
        let mut rules = Vec::new();
        match (self, harm) {
            (Network::Proxies(board), Harm::Cut(way)) => {
                board.change(number, lines, way, |flow| flow.cuts += 1);
            }
            (Network::Proxies(board), Harm::Delay(ms)) => {
                board.change(number, lines, Way::Both, |flow| flow.delay_ms = ms);
            }
            (Network::Proxies(_), Harm::Loss(_)) => {
                return Err("a proxy sees no packets: use --netns".into());
            }
            (Network::Namespaces(netns), Harm::Cut(way)) => {
                rules = netns.cut(number, lines, way).await?;
            }
            (Network::Namespaces(netns), Harm::Loss(percent)) => {
                rules = netns.lose(number, lines, percent).await?;
            }
            (Network::Namespaces(_), Harm::Delay(_)) => {
                return Err("there is no delay in namespaces: leave --netns out".into());
            }
        }
        Ok(Wound { number, lines, harm, rules })
    }

    /// Takes back what was done.
    ///
    /// # Errors
    /// A sentence.
    pub async fn mend(&self, wound: Wound) -> Result<(), String> {
        let Wound { number, lines, harm, rules } = wound;
        match (self, harm) {
            (Network::Proxies(board), Harm::Cut(way)) => {
                board.change(number, lines, way, |flow| flow.cuts -= 1);
            }
            (Network::Proxies(board), _) => {
                board.change(number, lines, Way::Both, |flow| flow.delay_ms = 0);
            }
            (Network::Namespaces(netns), _) => netns.mend(rules).await?,
        }
        Ok(())
    }
}
