//! A bank whose books are an understudy store: see `examples/bank/README.md`. The heart of it is
//! [`transfer`].

mod audit;
mod bank;
mod books;
mod ledger;
mod transfer;

pub use audit::{Audit, audit};
pub use bank::Bank;
pub use books::Books;
pub use ledger::{OPENING, Transfer};
pub use transfer::transfer;
