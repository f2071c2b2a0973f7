//! What only an operator orders: making a Lease.

use jiff::Timestamp;
use serde_json::{Value, json};
use understudy_protocol::{Record, RegisterUid};

use super::made::Made;
use super::{LeaseRegister, content};
use crate::kubernetes::{Refusal, uid_of};

impl LeaseRegister {
    /// Makes the blank register. Only an operator orders this, or the founding of something new.
    ///
    /// # Errors
    /// Why it was not made, on one line; when there is one, too.
    pub async fn create(&self) -> Result<RegisterUid, String> {
        match self.api.get(&self.place).await {
            Ok(_) => {
                return Err(format!(
                    "there is {} already: use it, or name another one",
                    self.place
                ));
            }
            Err(Refusal::NotFound(_)) => {}
            Err(why) => return Err(why.to_string()),
        }
        self.make(&json!({"metadata": {"name": self.place.name}, "spec": {}})).await
    }

    /// Makes a register that says `record`, in place of one that is lost, damaged, restored or blank.
    /// Only an operator orders this: nothing here can know that no higher epoch was ever written.
    ///
    /// It is another object than the one before, so that every replica that knows that one stops
    /// until it is ordered to accept this one. A blank Lease that is another one than `known` is used
    /// as it is, which takes no right to create or delete; any other one is deleted and recreated
    /// with its labels and annotations.
    ///
    /// # Errors
    /// Why it was not made, on one line.
    pub async fn restore(
        &self,
        record: &Record,
        known: Option<RegisterUid>,
    ) -> Result<Made, String> {
        let found = match self.api.get(&self.place).await {
            Ok(lease) => lease,
            Err(Refusal::NotFound(_)) => {
                let lease = json!({"metadata": {"name": self.place.name}});
                let uid = self.make(&with(lease, record)).await?;
                return Ok(Made { uid, replaced: None });
            }
            Err(why) => return Err(why.to_string()),
        };
        if let Ok(now) = content::decode(&found)
            && now.record.is_none()
            && known != Some(now.uid)
        {
            let stored = self.put(found, record).await.map_err(|why| why.to_string())?;
            return Ok(Made { uid: uid(&stored)?, replaced: None });
        }
        let old = crate::kubernetes::field(&found, &["metadata", "uid"]).unwrap_or_default();
        self.api.delete(&self.place, old).await.map_err(|why| {
            format!("{why}; or delete and make it yourself (blank) and order again")
        })?;
        let uid = self.make(&with(content::without_identity(&found), record)).await?;
        Ok(Made { uid, replaced: Some(content::without_managers(&found).to_string()) })
    }

    /// The object as it is, for people.
    ///
    /// # Errors
    /// Why it cannot be read, on one line.
    pub async fn object(&self) -> Result<Value, String> {
        self.api.get(&self.place).await.map_err(|why| why.to_string())
    }

    async fn make(&self, lease: &Value) -> Result<RegisterUid, String> {
        let made = self.api.create(&self.place, lease).await.map_err(|why| why.to_string())?;
        uid(&made)
    }
}

fn with(mut lease: Value, record: &Record) -> Value {
    content::edit(&mut lease, record, Timestamp::now());
    lease
}

fn uid(lease: &Value) -> Result<RegisterUid, String> {
    uid_of(lease).ok_or_else(|| "the API server's answer has no uid".into())
}
