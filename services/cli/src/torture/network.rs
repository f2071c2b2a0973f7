//! What lies between replicas and clients.

use std::time::Duration;

use super::fault::{Lines, Way};
use super::netns::{Netns, Rule};
use super::proxies::Proxies;

/// What lies between replicas and clients, where faults are injected.
pub enum Network {
    /// Proxies in front of each port.
    Proxies(Proxies),
    /// Network namespaces, one for each replica.
    Namespaces(Netns),
}

/// What is done to what a replica and others send each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkFault {
    /// Nothing gets through.
    Cut(Way),
    /// Everything comes so much later, milliseconds, both ways.
    Delay(u32),
    /// This percentage of packets is lost, both ways.
    Loss(u32),
}

/// A fault that is in force.
pub struct ActiveFault {
    number: usize,
    lines: Lines,
    fault: LinkFault,
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
            Network::Proxies(proxies) => proxies.reset(number, lines),
            Network::Namespaces(netns) => {
                let rules = netns.reset(number, lines).await?;
                tokio::time::sleep(RESETTING).await;
                netns.heal(rules).await?;
            }
        }
        Ok(())
    }

    /// Injects a fault into what a replica and others send each other.
    ///
    /// # Errors
    /// A sentence.
    pub async fn inject(
        &self,
        number: usize,
        lines: Lines,
        fault: LinkFault,
    ) -> Result<ActiveFault, String> {
        let mut rules = Vec::new();
        match (self, fault) {
            (Network::Proxies(proxies), LinkFault::Cut(way)) => {
                proxies.change(number, lines, way, |flow| flow.cuts += 1);
            }
            (Network::Proxies(proxies), LinkFault::Delay(ms)) => {
                proxies.change(number, lines, Way::Both, |flow| flow.delay_ms = ms);
            }
            (Network::Proxies(_), LinkFault::Loss(_)) => {
                return Err("a proxy sees no packets: use --netns".into());
            }
            (Network::Namespaces(netns), LinkFault::Cut(way)) => {
                rules = netns.cut(number, lines, way).await?;
            }
            (Network::Namespaces(netns), LinkFault::Loss(percent)) => {
                rules = netns.lose(number, lines, percent).await?;
            }
            (Network::Namespaces(_), LinkFault::Delay(_)) => {
                return Err("there is no delay in namespaces: leave --netns out".into());
            }
        }
        Ok(ActiveFault { number, lines, fault, rules })
    }

    /// Takes back what was done.
    ///
    /// # Errors
    /// A sentence.
    pub async fn heal(&self, active: ActiveFault) -> Result<(), String> {
        let ActiveFault { number, lines, fault, rules } = active;
        match (self, fault) {
            (Network::Proxies(proxies), LinkFault::Cut(way)) => {
                proxies.change(number, lines, way, |flow| flow.cuts -= 1);
            }
            (Network::Proxies(proxies), _) => {
                proxies.change(number, lines, Way::Both, |flow| flow.delay_ms = 0);
            }
            (Network::Namespaces(netns), _) => netns.heal(rules).await?,
        }
        Ok(())
    }
}
