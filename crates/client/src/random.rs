//! Time and randomness.

use bytes::Bytes;
use understudy_proto::kv::v1::{
    GeneratorState, GetRandBitsRequest, GetStateRequest, Integer, NowRequest, NowResponse,
    RandBytesRequest, RandomRequest, SeedRequest, SetStateRequest,
};

use crate::{Client, Error};

/// Named generators, equal to CPython's `random.Random`. Each call is executed exactly once: no draw is
/// lost or given twice, whatever happens to the primary.
///
/// They fail as mutations do: with [`Error::OutcomeUnknown`], [`Error::Unavailable`], or
/// [`Error::Rejected`], among others for `GENERATOR_NOT_FOUND`.
impl Client {
    /// Makes a generator, or restarts it, with an integer; `None`: one that the primary draws from the
    /// operating system.
    ///
    /// # Errors
    /// As a mutation.
    pub async fn seed(&self, name: &str, seed: Option<Integer>) -> Result<(), Error> {
        let request = SeedRequest { stamp: None, name: name.into(), seed };
        self.mutate(request).await.map(|_| ())
    }

    /// Draws floats from [0, 1): at most 10,000.
    ///
    /// # Errors
    /// As a mutation.
    pub async fn random(&self, name: &str, count: i32) -> Result<Vec<f64>, Error> {
        let request = RandomRequest { stamp: None, name: name.into(), count };
        Ok(self.mutate(request).await?.values)
    }

    /// Draws an integer of `k` bits, 1 to 524,288; big-endian.
    ///
    /// # Errors
    /// As a mutation.
    pub async fn rand_bits(&self, name: &str, k: i32) -> Result<Bytes, Error> {
        let request = GetRandBitsRequest { stamp: None, name: name.into(), k };
        Ok(self.mutate(request).await?.bits)
    }

    /// Draws `n` bytes, at most 65,536.
    ///
    /// # Errors
    /// As a mutation.
    pub async fn rand_bytes(&self, name: &str, n: i32) -> Result<Bytes, Error> {
        let request = RandBytesRequest { stamp: None, name: name.into(), n };
        Ok(self.mutate(request).await?.data)
    }

    /// The state of a generator.
    ///
    /// # Errors
    /// As a read.
    pub async fn generator_state(&self, name: &str) -> Result<GeneratorState, Error> {
        let request = GetStateRequest { name: name.into() };
        Ok(self.read(request).await?.state.unwrap_or_default())
    }

    /// Puts a generator into a state.
    ///
    /// # Errors
    /// As a mutation.
    pub async fn set_generator_state(
        &self,
        name: &str,
        state: GeneratorState,
    ) -> Result<(), Error> {
        let request = SetStateRequest { stamp: None, name: name.into(), state: Some(state) };
        self.mutate(request).await.map(|_| ())
    }

    /// The clock of the log: never earlier than any answer before, whichever replica is primary.
    ///
    /// # Errors
    /// As a mutation.
    pub async fn now(&self) -> Result<NowResponse, Error> {
        self.mutate(NowRequest::default()).await
    }
}
