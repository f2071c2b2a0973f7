//! `RandomService`.

use bytes::Bytes;
use tonic::{Request, Response, Status};
use understudy_machine::{
    self as machine, Command, Draw, Drawn, FailureCode, Now, Outcome, Random, SeedGenerator,
    SetGenerator,
};
use understudy_proto::kv::v1::random_service_server::RandomService;
use understudy_proto::kv::v1::*;

use super::gate::{self, Gate};
use super::{Answer, Read, Refusal, limits, stamp, txn};

/// Bytes of a generator's name, at most.
const MAX_NAME: usize = 256;
/// Bytes of a seed, at most.
const MAX_SEED: usize = 1024;
/// Bytes of a seed that is drawn from the operating system.
const DRAWN_SEED: usize = 32;
/// Words of a generator's state.
const WORDS: usize = 624;

/// Time and randomness, through the gate.
pub(crate) struct Generators {
    pub gate: Gate,
}

#[tonic::async_trait]
impl RandomService for Generators {
    async fn seed(&self, request: Request<SeedRequest>) -> Result<Response<SeedResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let command = seed(request)?;
        let (header, response) = call.execute(command).await?;
        let header = set(header, response)?;
        Ok(Response::new(SeedResponse { header }))
    }

    async fn random(
        &self,
        request: Request<RandomRequest>,
    ) -> Result<Response<RandomResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let name = request.name.clone();
        let (header, response) = call.execute(floats(request)?).await?;
        let values = drawn(&name, response)?.floats;
        Ok(Response::new(RandomResponse { header: Some(header), values }))
    }

    async fn get_rand_bits(
        &self,
        request: Request<GetRandBitsRequest>,
    ) -> Result<Response<GetRandBitsResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let name = request.name.clone();
        let (header, response) = call.execute(bits(request)?).await?;
        let bits = drawn(&name, response)?.bytes;
        Ok(Response::new(GetRandBitsResponse { header: Some(header), bits }))
    }

    async fn rand_bytes(
        &self,
        request: Request<RandBytesRequest>,
    ) -> Result<Response<RandBytesResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let name = request.name.clone();
        let (header, response) = call.execute(bytes(request)?).await?;
        let data = drawn(&name, response)?.bytes;
        Ok(Response::new(RandBytesResponse { header: Some(header), data }))
    }

    async fn get_state(
        &self,
        request: Request<GetStateRequest>,
    ) -> Result<Response<GetStateResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let GetStateRequest { name } = request;
        check_name(&name)?;
        match call.read(Read::Generator(name.clone()), false).await? {
            (header, Answer::Generator(Some((words, position)))) => {
                let state = Some(GeneratorState { words, position });
                Ok(Response::new(GetStateResponse { header: Some(header), state }))
            }
            (_, Answer::Generator(None)) => Err(unknown(&name).into()),
            _ => Err(gate::mismatch().into()),
        }
    }

    async fn set_state(
        &self,
        request: Request<SetStateRequest>,
    ) -> Result<Response<SetStateResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let command = set_state(request)?;
        let (header, response) = call.execute(command).await?;
        let header = set(header, response)?;
        Ok(Response::new(SetStateResponse { header }))
    }

    async fn now(&self, request: Request<NowRequest>) -> Result<Response<NowResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let (header, response) = call.execute(now(request)?).await?;
        Ok(Response::new(time(header, response)?))
    }
}

pub(crate) fn floats(request: RandomRequest) -> Result<Command, Refusal> {
    let count = limits::within("count", request.count.into(), 0, 10_000)?.max(1);
    draw(request.stamp, request.name, Random::Floats, count)
}

pub(crate) fn bits(request: GetRandBitsRequest) -> Result<Command, Refusal> {
    let k = limits::within("k", request.k.into(), 1, 524_288)?;
    draw(request.stamp, request.name, Random::Bits, k)
}

pub(crate) fn bytes(request: RandBytesRequest) -> Result<Command, Refusal> {
    let n = limits::within("n", request.n.into(), 0, 65_536)?;
    draw(request.stamp, request.name, Random::Bytes, n)
}

fn draw(
    stamp: Option<RequestStamp>,
    name: String,
    what: Random,
    count: u64,
) -> Result<Command, Refusal> {
    check_name(&name)?;
    stamp::command(stamp, Draw { name, what: what.into(), count })
}

/// What was drawn from the generator of that name.
pub(crate) fn drawn(name: &str, response: machine::Response) -> Result<Drawn, Refusal> {
    match response.result {
        Some(Outcome::Drawn(drawn)) => Ok(drawn),
        Some(Outcome::Failure(failure)) if failure.code() == FailureCode::GeneratorUnknown => {
            Err(unknown(name))
        }
        other => Err(gate::refused(other)),
    }
}

pub(crate) fn now(request: NowRequest) -> Result<Command, Refusal> {
    stamp::command(request.stamp, Now {})
}

pub(crate) fn time(
    header: ResponseHeader,
    response: machine::Response,
) -> Result<NowResponse, Refusal> {
    match response.result {
        Some(Outcome::Time(time)) => Ok(NowResponse {
            header: Some(header),
            wall_ns: txn::count(time.wall),
            elapsed_ns: txn::count(time.elapsed),
        }),
        other => Err(gate::refused(other)),
    }
}

pub(crate) fn seed(request: SeedRequest) -> Result<Command, Status> {
    let SeedRequest { stamp, name, seed } = request;
    check_name(&name)?;
    let drawn = seed.is_none();
    let seed = match seed {
        Some(Integer { magnitude, .. }) if magnitude.len() > MAX_SEED => {
            let message =
                format!("the seed has {} bytes: at most {MAX_SEED} are allowed", magnitude.len());
            let refusal = Refusal::new(ErrorReason::InvalidNumber, message);
            return Err(refusal.with("field", "seed").with("limit", MAX_SEED).into());
        }
        Some(Integer { magnitude, .. }) => magnitude,
        None => {
            let mut bytes = vec![0; DRAWN_SEED];
            getrandom::fill(&mut bytes).map_err(|error| {
                Status::internal(format!("the operating system gives no randomness: {error}"))
            })?;
            Bytes::from(bytes)
        }
    };
    Ok(stamp::command(stamp, SeedGenerator { name, seed, drawn })?)
}

pub(crate) fn set_state(request: SetStateRequest) -> Result<Command, Refusal> {
    let SetStateRequest { stamp, name, state } = request;
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
    stamp::command(stamp, SetGenerator { name, words, position: position.into() })
}

/// The generator is set.
pub(crate) fn set(
    header: ResponseHeader,
    response: machine::Response,
) -> Result<Option<ResponseHeader>, Refusal> {
    match response.result {
        Some(Outcome::GeneratorSet(_)) => Ok(Some(header)),
        other => Err(gate::refused(other)),
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
