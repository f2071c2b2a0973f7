//! `understudy random`.

use clap::{Args, Subcommand};
use num_bigint::{BigInt, BigUint, Sign};
use serde_json::{Value, json};
use understudy_client::Client;
use understudy_proto::kv::v1::Integer;

use super::connection::Connection;
use super::{print, record};
use crate::failure::Failure;

/// Draws from named generators, equal to Python's random.Random: no draw is lost or repeated by a failover.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy random seed --seed 42
  understudy random float --count 3
  understudy random bits 128
  understudy random bytes 16 --name dice")]
pub struct Random {
    #[command(subcommand)]
    what: What,
    /// The generator's name.
    #[arg(long, global = true, default_value = "default")]
    name: String,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes the generator, or starts it anew.
    Seed {
        /// Any integer, as random.seed(N); left out: the primary draws one from its operating system.
        #[arg(long, value_name = "N", allow_negative_numbers = true)]
        seed: Option<BigInt>,
    },
    /// Draws numbers from 0 up to, and without, 1: random.random().
    Float {
        /// How many.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..))]
        count: i32,
    },
    /// Draws an integer of K bits: random.getrandbits(K).
    Bits {
        /// How many bits.
        k: i32,
    },
    /// Draws N bytes and prints them as hex digits: random.randbytes(N).
    Bytes {
        /// How many bytes.
        n: i32,
    },
}

impl Random {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        let seeds = matches!(self.what, What::Seed { .. });
        let (name, drawn) = self.what.drawn(&client, &self.name).await?;
        match drawn {
            drawn if self.connection.json() => {
                let mut object = record::answer(&client, json!({ "name": self.name }));
                object.insert(name.to_owned(), drawn);
                print::json(&object);
            }
            Value::Array(all) => all.iter().for_each(print::line),
            Value::String(text) => print::line(text),
            _ => {}
        }
        // A generator is seeded, printed or not.
        if seeds { Ok(()) } else { print::written() }
    }
}

impl What {
    /// What was drawn, and its name in JSON: floats as an array; an integer, which may be larger than JSON's,
    /// and bytes as text.
    async fn drawn(self, client: &Client, name: &str) -> Result<(&'static str, Value), Failure> {
        Ok(match self {
            What::Seed { seed } => {
                client.seed(name, seed.as_ref().map(integer)).await?;
                ("seeded", true.into())
            }
            What::Float { count } => ("floats", client.random(name, count).await?.into()),
            What::Bits { k } => {
                let bits = client.rand_bits(name, k).await?;
                ("bits", BigUint::from_bytes_be(&bits).to_string().into())
            }
            What::Bytes { n } => {
                ("bytes_hex", print::hex(&client.rand_bytes(name, n).await?).into())
            }
        })
    }
}

fn integer(number: &BigInt) -> Integer {
    let (sign, magnitude) = number.to_bytes_be();
    Integer { magnitude: magnitude.into(), negative: sign == Sign::Minus }
}
