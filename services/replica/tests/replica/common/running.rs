//! One replica in a thread.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};
use understudy_replica::{Ended, Options, Server};

/// A running replica; dropped, it is killed.
pub struct Running {
    kill: Option<oneshot::Sender<()>>,
    pub leave: mpsc::Sender<()>,
    /// How its lives ended so far.
    pub ended: Arc<Mutex<Vec<Result<Ended, String>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub fn start(options: Options) -> Self {
        let (kill, killed) = oneshot::channel();
        let (leave, asked) = mpsc::channel(1);
        let ended = Arc::new(Mutex::new(Vec::new()));
        let endings = ended.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                tokio::select! {
                    _ = killed => {}
                    () = lives(options, asked, endings) => {}
                }
            });
            runtime.shutdown_background();
        });
        Running { kill: Some(kill), leave, ended, thread: Some(thread) }
    }

    /// Waits until the replica has left or could not begin.
    pub fn join(mut self) {
        let kill = self.kill.take();
        self.thread.take().unwrap().join().unwrap();
        drop(kill);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(kill) = self.kill.take() {
            let _ = kill.send(());
        }
        // A test that has failed waits for nobody: the replica may be what is frozen.
        if let Some(thread) = self.thread.take().filter(|_| !std::thread::panicking()) {
            thread.join().unwrap();
        }
    }
}

/// One life after the other, as the command executes itself again.
async fn lives(
    options: Options,
    mut asked: mpsc::Receiver<()>,
    endings: Arc<Mutex<Vec<Result<Ended, String>>>>,
) {
    loop {
        let (leave, leaving) = mpsc::channel(1);
        let life = async {
            let server = Server::bind(options.clone()).await.map_err(|error| error.to_string())?;
            server.run(leaving).await.map_err(|error| error.to_string())
        };
        tokio::pin!(life);
        let ended = loop {
            tokio::select! {
                ended = &mut life => break ended,
                Some(()) = asked.recv() => leave.send(()).await.unwrap(),
            }
        };
        endings.lock().unwrap().push(ended.clone());
        eprintln!("{}: {ended:?}", options.name);
        if !matches!(ended, Ok(Ended::LifeEnded(_) | Ended::Renewed(_))) {
            return;
        }
    }
}
