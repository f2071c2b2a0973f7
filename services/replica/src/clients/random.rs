//! `RandomService`.

use bytes::Bytes;
use tonic::{Request, Response, Status};
use understudy_machine::{
    self as machine, Command, Draw, Drawn, FailureCode, Now, Outcome, Random, SeedGenerator,
    SetGenerator,
};
use understudy_proto::kv::v1::random_service_server::RandomService;
use understudy_proto::kv::v1::*;

use super::admission::Admission;
use super::rpc::{Executed, LoggedRpc};
use super::{Answer, Read, limits, stamp, txn};
use crate::refusal::Refusal;

/// Bytes of a generator's name, at most.
const MAX_NAME: usize = 256;
/// Bytes of a seed, at most.
const MAX_SEED: usize = 1024;
/// Bytes of a seed that is drawn from the operating system.
const DRAWN_SEED: usize = 32;
/// Words of a generator's state.
const WORDS: usize = 624;

/// Time and randomness.
pub(crate) struct Generators {
    pub admission: Admission,
}

#[tonic::async_trait]
impl RandomService for Generators {
    async fn seed(&self, request: Request<SeedRequest>) -> Result<Response<SeedResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn random(
        &self,
        request: Request<RandomRequest>,
    ) -> Result<Response<RandomResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn get_rand_bits(
        &self,
        request: Request<GetRandBitsRequest>,
    ) -> Result<Response<GetRandBitsResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn rand_bytes(
        &self,
        request: Request<RandBytesRequest>,
    ) -> Result<Response<RandBytesResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn get_state(
        &self,
        request: Request<GetStateRequest>,
    ) -> Result<Response<GetStateResponse>, Status> {
        let (call, request) = self.admission.enter(request)?;
        let GetStateRequest { name } = request;
        check_name(&name)?;
        match call.read(Read::Generator(name.clone()), false).await? {
            (header, Answer::Generator(Some((words, position)))) => {
                let state = Some(GeneratorState { words, position });
                Ok(Response::new(GetStateResponse { header: Some(header), state }))
            }
            (_, Answer::Generator(None)) => Err(unknown(&name).into()),
            _ => Err(Refusal::mismatch().into()),
        }
    }

    async fn set_state(
        &self,
        request: Request<SetStateRequest>,
    ) -> Result<Response<SetStateResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn now(&self, request: Request<NowRequest>) -> Result<Response<NowResponse>, Status> {
        self.admission.serve(request).await
    }
}

impl LoggedRpc for RandomRequest {
    type Response = RandomResponse;
    /// The generator's name.
    type Form = String;

    fn command(self) -> Result<(Command, String), Refusal> {
        let count = limits::within("count", self.count.into(), 0, 10_000)?.max(1);
        draw(self.stamp, self.name, Random::Floats, count)
    }

    fn response(name: String, (header, response): Executed) -> Result<RandomResponse, Refusal> {
        Ok(RandomResponse { header: Some(header), values: drawn(&name, response)?.floats })
    }
}

impl LoggedRpc for GetRandBitsRequest {
    type Response = GetRandBitsResponse;
    /// The generator's name.
    type Form = String;

    fn command(self) -> Result<(Command, String), Refusal> {
        let k = limits::within("k", self.k.into(), 1, 524_288)?;
        draw(self.stamp, self.name, Random::Bits, k)
    }

    fn response(
        name: String,
        (header, response): Executed,
    ) -> Result<GetRandBitsResponse, Refusal> {
        Ok(GetRandBitsResponse { header: Some(header), bits: drawn(&name, response)?.bytes })
    }
}

impl LoggedRpc for RandBytesRequest {
    type Response = RandBytesResponse;
    /// The generator's name.
    type Form = String;

    fn command(self) -> Result<(Command, String), Refusal> {
        let n = limits::within("n", self.n.into(), 0, 65_536)?;
        draw(self.stamp, self.name, Random::Bytes, n)
    }

    fn response(name: String, (header, response): Executed) -> Result<RandBytesResponse, Refusal> {
        Ok(RandBytesResponse { header: Some(header), data: drawn(&name, response)?.bytes })
    }
}

fn draw(
    stamp: Option<RequestStamp>,
    name: String,
    what: Random,
    count: u64,
) -> Result<(Command, String), Refusal> {
    check_name(&name)?;
    let draw = Draw { name: name.clone(), what: what.into(), count };
    Ok((stamp::command(stamp, draw)?, name))
}

/// What was drawn from the generator of that name.
fn drawn(name: &str, response: machine::Response) -> Result<Drawn, Refusal> {
    match response.result {
        Some(Outcome::Drawn(drawn)) => Ok(drawn),
        Some(Outcome::Failure(failure)) if failure.code() == FailureCode::GeneratorUnknown => {
            Err(unknown(name))
        }
        other => Err(Refusal::of_outcome(other)),
    }
}

impl LoggedRpc for NowRequest {
    type Response = NowResponse;
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        Ok((stamp::command(self.stamp, Now {})?, ()))
    }

    fn response((): (), (header, response): Executed) -> Result<NowResponse, Refusal> {
        match response.result {
            Some(Outcome::Time(time)) => Ok(NowResponse {
                header: Some(header),
                wall_ns: txn::count(time.wall),
                elapsed_ns: txn::count(time.elapsed),
            }),
            other => Err(Refusal::of_outcome(other)),
        }
    }
}

impl LoggedRpc for SeedRequest {
    type Response = SeedResponse;
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        let SeedRequest { stamp, name, seed } = self;
        check_name(&name)?;
        let drawn = seed.is_none();
        let seed = match seed {
            Some(Integer { magnitude, .. }) if magnitude.len() > MAX_SEED => {
                let message = format!(
                    "the seed has {} bytes: at most {MAX_SEED} are allowed",
                    magnitude.len()
                );
                let refusal = Refusal::new(ErrorReason::InvalidNumber, message);
                return Err(refusal.with("field", "seed").with("limit", MAX_SEED));
            }
            Some(Integer { magnitude, .. }) => magnitude,
            None => {
                let mut bytes = vec![0; DRAWN_SEED];
                getrandom::fill(&mut bytes).map_err(|error| {
                    Refusal::internal(format!("the operating system gives no randomness: {error}"))
                })?;
                Bytes::from(bytes)
            }
        };
        Ok((stamp::command(stamp, SeedGenerator { name, seed, drawn })?, ()))
    }

    fn response((): (), executed: Executed) -> Result<SeedResponse, Refusal> {
        Ok(SeedResponse { header: set(executed)? })
    }
}

impl LoggedRpc for SetStateRequest {
    type Response = SetStateResponse;
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        let SetStateRequest { stamp, name, state } = self;
        check_name(&name)?;
        let GeneratorState { words, position } = state.unwrap_or_default();
        let wrong = |field: &'static str, limit: usize, message: String| {
            let refusal = Refusal::new(ErrorReason::InvalidGeneratorState, message);
            Err(refusal.with("field", field).with("limit", limit))
        };
        if words.len() != WORDS {
            let message = format!("the state has {} words: it must have {WORDS}", words.len());
            return wrong("words", WORDS, message);
        }
        if words[0] >> 31 == 0 && words[1..].iter().all(|word| *word == 0) {
            return wrong("words", WORDS, "a state without a bit gives nothing but zeros".into());
        }
        if position as usize > WORDS {
            let message = format!("position is {position}: it must be at most {WORDS}");
            return wrong("position", WORDS, message);
        }
        Ok((stamp::command(stamp, SetGenerator { name, words, position: position.into() })?, ()))
    }

    fn response((): (), executed: Executed) -> Result<SetStateResponse, Refusal> {
        Ok(SetStateResponse { header: set(executed)? })
    }
}

/// The generator is set.
fn set((header, response): Executed) -> Result<Option<ResponseHeader>, Refusal> {
    match response.result {
        Some(Outcome::GeneratorSet(_)) => Ok(Some(header)),
        other => Err(Refusal::of_outcome(other)),
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if (1..=MAX_NAME).contains(&name.len()) {
        return Ok(());
    }
    let message = format!("the name has {} bytes: it must have 1 to {MAX_NAME}", name.len());
    let refusal = Refusal::new(ErrorReason::InvalidName, message);
    Err(refusal.with("field", "name").with("limit", MAX_NAME))
}

fn unknown(name: &str) -> Refusal {
    let message = format!("there is no generator {name:?}: seed it");
    Refusal::new(ErrorReason::GeneratorNotFound, message).with("name", name)
}
