//! The binary as a process: a server that is started, stopped and killed, and commands that end by themselves.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::http::Api;
use super::until;

/// A place for one test: the data folder, and beside it the servers' log and working folder.
pub(crate) struct Folder {
    place: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let place = TempDir::new().unwrap();
        std::fs::create_dir(place.path().join("work")).unwrap();
        Self { place }
    }

    /// The data folder; the server makes it.
    pub(crate) fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// The data folder, made empty before any server has, for a test that mounts something on it.
    pub(crate) fn make_data(&self) -> PathBuf {
        std::fs::create_dir(self.data()).unwrap();
        self.data()
    }

    /// Somewhere beside the data folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Another place with a copy of the data folder, as it stands; no server may have it.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_folder(&self.data(), &copy.data());
        copy
    }

    /// A sandbox whose clock stands at `clock` (RFC 3339), or where it stood.
    pub(crate) fn sandbox(&self, clock: Option<&str>) -> Server {
        let mut arguments = vec!["--sandbox"];
        if let Some(clock) = clock {
            arguments.extend(["--clock", clock]);
        }
        self.serve(&arguments, &[]).unwrap_or_else(|ended| panic!("the server did not start: {ended:?}"))
    }

    /// `jeton serve` with further arguments and variables, or how it ended before it listened.
    pub(crate) fn serve(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Server, Ended> {
        let log = self.beside("log");
        let mut command = self.command(&["serve", "--data"]);
        command.arg(self.data()).args(["--listen", "127.0.0.1:0"]).args(arguments);
        command.envs(variables.iter().copied());
        command.stdout(Stdio::piped()).stderr(File::options().append(true).create(true).open(&log).unwrap());
        let before = std::fs::metadata(&log).unwrap().len();
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut server = Server { printed: String::new(), child, base: String::new(), log, output };
        loop {
            let mut line = String::new();
            if server.output.read_line(&mut line).unwrap() == 0 {
                let code = server.child.wait().unwrap().code();
                let mut complaint = std::fs::read(&server.log).unwrap();
                complaint.drain(..usize::try_from(before).unwrap());
                let stderr = String::from_utf8_lossy(&complaint).into_owned();
                return Err(Ended { code, stdout: std::mem::take(&mut server.printed), stderr });
            }
            if let Some(base) = line.trim_end().strip_prefix("listening on ") {
                base.clone_into(&mut server.base);
                return Ok(server);
            }
            server.printed.push_str(&line);
        }
    }

    /// `jeton serve` with further arguments, whether it will ever listen or not.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Spawned {
        let mut command = self.command(&["serve", "--data"]);
        command.arg(self.data()).args(["--listen", "127.0.0.1:0"]).args(arguments);
        Spawned(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// `jeton` with these arguments and `--data`, to its end.
    pub(crate) fn jeton(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        run(command.arg("--data").arg(self.data()))
    }

    /// `jeton` with these arguments and `--data`, begun.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.arg("--data").arg(self.data()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// `jeton` with exactly these arguments and variables, to its end.
    pub(crate) fn plain_jeton(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        run(self.command(arguments).envs(variables.iter().copied()))
    }

    /// `jeton keys create`, beside a running server or without one.
    pub(crate) fn key(&self, arguments: &[&str]) -> String {
        let ended = self.jeton(&[&["keys", "create"], arguments].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let key = ended.stdout.trim_end();
        assert!(key.starts_with("jtn_") && !key.contains('\n'), "only the key is printed: {key}");
        key.to_owned()
    }

    /// `jeton verify` finds nothing.
    pub(crate) fn verify(&self) {
        let ended = self.jeton(&["verify"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    /// Its working folder has no configuration, and its environment nothing that was not asked for.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.beside("work")).env_clear().env("RUST_BACKTRACE", "1");
        command.stdin(Stdio::null());
        command
    }
}

/// A process that is to die. Dropped, it is killed.
pub(crate) struct Spawned(Child);

impl Spawned {
    /// SIGKILL, at this very moment. It must still live.
    pub(crate) fn kill(mut self) {
        assert!(self.0.try_wait().unwrap().is_none(), "it has ended before");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None`: by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A server that listens. Dropped, it is killed.
pub(crate) struct Server {
    /// What it said before it listened.
    pub(crate) printed: String,
    child: Child,
    base: String,
    log: PathBuf,
    /// Kept open: a server whose output nobody reads is not what is tested here.
    output: BufReader<ChildStdout>,
}

impl Server {
    /// Without a key.
    pub(crate) fn api(&self) -> Api {
        Api::new(&self.base)
    }

    /// Where it is, as `http://ADDRESS`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The most memory that it has had, in kB.
    pub(crate) fn peak_memory_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    /// How many sockets it has open.
    pub(crate) fn sockets(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        let targets = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it takes requests and its read tables are there.
    pub(crate) fn ready(&self) {
        let api = self.api();
        until("a server that is ready", || (api.get("/readyz").status == 200).then_some(()));
    }

    /// SIGTERM; it stops in an orderly way.
    pub(crate) fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "the server did not stop cleanly: {}", tail(&self.log));
    }

    /// SIGKILL, at this very moment.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether the process is still there.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.is_alive() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
            if std::thread::panicking() {
                eprintln!("the server's log ended so:\n{}", tail(&self.log));
            }
        }
    }
}

fn run(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The last lines of a log, for whoever looks at a failed test.
fn tail(log: &Path) -> String {
    let mut text = String::new();
    File::open(log).unwrap().read_to_string(&mut text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
