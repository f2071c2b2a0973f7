//! Watches. The loop says which revisions touched what is watched, once for all who watch the same; each
//! stream reads the changes itself, when its client takes them. Nothing is queued for anybody.

mod hub;
mod stream;
mod subscription;

pub(crate) use hub::Hub;
pub(crate) use stream::Following;
pub(crate) use subscription::Subscription;
