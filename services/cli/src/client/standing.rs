//! A watch that stands until somebody ends it.

use std::pin::Pin;

use understudy_client::{Changes, Error, Watch};

use super::connection::Connection;
use super::print;
use crate::failure::{self, Failure};

/// A watch that stands: it ends at once when nobody reads what is printed, and waits for a primary as long
/// as it takes, unless `--deadline` is given.
pub struct Standing {
    watch: Watch,
    closed: Pin<Box<dyn Future<Output = ()>>>,
    patient: bool,
    /// Whether it was said that there is no primary.
    said: bool,
}

impl Standing {
    pub fn new(watch: Watch, connection: &Connection) -> Self {
        let patient = connection.deadline.is_none();
        Standing { watch, closed: Box::pin(print::closed()), patient, said: false }
    }

    /// Waits for the next changes.
    ///
    /// # Errors
    /// [`Failure::Closed`] when nobody reads any more; as [`Watch::next`] otherwise.
    pub async fn next(&mut self) -> Result<Changes, Failure> {
        loop {
            let next = async {
                self.watch.begin().await?;
                self.said = false;
                self.watch.next().await
            };
            let next = tokio::select! {
                next = next => next,
                () = &mut self.closed => return Err(Failure::Closed),
            };
            match next {
                Ok(changes) => return Ok(changes),
                Err(Error::Unavailable { waited, detail, .. }) => {
                    let nobody = format!(
                        "no primary to watch within {waited:.1?}: check the endpoints and \
                         `understudy status` ({detail})"
                    );
                    if !self.patient {
                        return Err(Failure::Unavailable(nobody));
                    }
                    if !std::mem::replace(&mut self.said, true) {
                        failure::note("UNAVAILABLE", format_args!("{nobody}; waiting"));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
