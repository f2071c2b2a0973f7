//! The wall clock of one replica.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use serde_json::json;

use super::Fault;
use crate::pair::RELEASE;
use crate::release;
use crate::scene::Scene;

/// An hour ahead, then an hour behind.
pub struct Clock;

/// The library, built from `clock.c`.
const LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/clock.so"));
const FILE: &str = "clock.so";
/// Of a control: two words.
const BYTES: u64 = 16;
const MOUNT: &str = "/clocks";
const HOUR: i64 = 3600;
const LASTS: Duration = Duration::from_secs(5);

#[async_trait(?Send)]
impl Fault for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn about(&self) -> &'static str {
        "the primary's wall clock an hour ahead for 5 s, then an hour behind for 5 s"
    }

    /// Replicas whose clock can be moved: time is the machine's, so a library stands in between.
    async fn prepare(&self, scene: &Scene) -> Result<()> {
        let set = scene.cluster.get(&["statefulset", RELEASE]).await?;
        if set["spec"]["template"]["spec"]["containers"][0]["env"].to_string().contains(FILE) {
            return Ok(());
        }
        let dir = dir(scene)?;
        fs::create_dir_all(&dir)?;
        fs::write(dir.join(FILE), LIBRARY)?;
        for number in 0..2 {
            let path = dir.join(format!("{RELEASE}-{number}"));
            File::create(&path)?.set_len(BYTES)?;
            // The replica is nobody in particular, and counts there.
            fs::set_permissions(&path, Permissions::from_mode(0o666))?;
        }
        let env = json!([
            {"name": "LD_PRELOAD", "value": format!("{MOUNT}/{FILE}")},
            {"name": "CLOCKS", "value": MOUNT},
        ]);
        let volumes = json!([{"name": "clocks", "hostPath": {"path": dir}}]);
        let mounts = json!([{"name": "clocks", "mountPath": MOUNT}]);
        let values = format!("extraEnv={env},extraVolumes={volumes},extraVolumeMounts={mounts}");
        release::upgrade(&scene.cluster, &scene.chart, "--set-json", &values).await
    }

    async fn inflict(&self, scene: &Scene) -> Result<()> {
        let file = File::options()
            .read(true)
            .write(true)
            .open(dir(scene)?.join(&scene.primary()?.name))
            .context("what moves the clock")?;
        for off in [HOUR, -HOUR] {
            let before = misled(&file)?;
            set(&file, off)?;
            scene.interrupt.sleep(LASTS).await?;
            ensure!(
                misled(&file)? > before,
                "the primary never looked at the clock moved by {off} s"
            );
        }
        Ok(())
    }

    async fn repair(&self, scene: &Scene) -> Result<()> {
        let path = dir(scene)?.join(&scene.primary()?.name);
        set(&File::options().write(true).open(path)?, 0)
    }
}

/// Of the pair in this namespace.
fn dir(scene: &Scene) -> Result<PathBuf> {
    Ok(scene.out.canonicalize()?.join("clocks"))
}

fn set(file: &File, seconds: i64) -> Result<()> {
    Ok(file.write_all_at(&seconds.to_ne_bytes(), 0)?)
}

fn misled(file: &File) -> Result<u64> {
    let mut word = [0; 8];
    file.read_exact_at(&mut word, 8)?;
    Ok(u64::from_ne_bytes(word))
}
