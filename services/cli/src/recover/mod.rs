//! `understudy recover`: the only command that may lose data. Each order says what it gives up and
//! asks before it does anything.

mod accept_copy;
mod accept_register;
mod clear_halt;
mod consent;
mod copy;
mod only_member;
mod register;
mod running;
mod set_aside;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Gives orders that only a person may give, when a cluster cannot or must not go on by itself.
///
/// Works on the data directory of a stopped replica. Nothing is done before it is said what is given
/// up and the cluster's id is typed (or given as --yes).
#[derive(Debug, Args)]
#[command(after_help = "\
Which order?
  the register is lost, replaced, damaged, blank or restored
      `only-member` on the copy with the highest epoch and the longest log (see
      `understudy verify`), then `accept-register` or `set-aside` on the others
  the only named replica is gone for good
      `only-member` on the best copy that is left
  a data directory was copied, or restored from a backup
      `accept-copy` if the original is gone for good, `set-aside` otherwise
  a copy must win although another replica still runs, or go although it may be
  the only one
      `only-member --even-if-others-run`, `set-aside --even-if-only-copy`
  two copies have halted since they contradict each other
      `only-member` on the one to keep, `set-aside` on the other
  a replica has halted since its digest differs
      `set-aside` to let it join anew; `clear-halt` if the cause is removed")]
pub struct Recover {
    #[command(subcommand)]
    order: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    OnlyMember(only_member::OnlyMember),
    AcceptCopy(accept_copy::AcceptCopy),
    AcceptRegister(accept_register::AcceptRegister),
    SetAside(set_aside::SetAside),
    ClearHalt(clear_halt::ClearHalt),
}

impl Recover {
    pub async fn run(self) -> Result<(), Failure> {
        match self.order {
            Order::OnlyMember(order) => order.run().await,
            Order::AcceptCopy(order) => order.run().await,
            Order::AcceptRegister(order) => order.run().await,
            Order::SetAside(order) => order.run().await,
            Order::ClearHalt(order) => order.run(),
        }
    }
}
