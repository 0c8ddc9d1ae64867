//! The built program as a process of its own: started, read, interrupted, killed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::support::app::eventually;
use crate::support::install_tls;

/// A process of `huecry`; killed when this is dropped.
pub(crate) struct Program {
    child: Child,
    out: File,
    err: File,
}

/// What a process that ended by itself left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    /// Starts `huecry` with these arguments and variables; relative paths are in `folder`.
    pub(crate) fn start(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        // Files and not pipes: a pipe that nobody reads would stop the program.
        let (out, err) = (unnamed(folder, "out"), unnamed(folder, "err"));
        let child = Command::new(env!("CARGO_BIN_EXE_huecry"))
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(err.try_clone().unwrap())
            .spawn()
            .unwrap();
        Self { child, out, err }
    }

    /// What it has printed.
    pub(crate) fn printed(&self) -> String {
        text_of(&self.out)
    }

    /// What it has logged.
    pub(crate) fn logged(&self) -> String {
        text_of(&self.err)
    }

    /// Whether it has not ended.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it ends by itself.
    pub(crate) async fn end(mut self) -> Ended {
        let child = std::cell::RefCell::new(&mut self.child);
        let status: ExitStatus = eventually("the program to end", async || child.borrow_mut().try_wait().unwrap()).await;
        Ended { code: status.code(), out: self.printed(), err: self.logged() }
    }

    /// As Ctrl-C does, and waits until it has ended.
    pub(crate) async fn interrupt(self) -> Ended {
        self.signal("-INT");
        self.end().await
    }

    /// SIGSTOP: it stands still, and knows nothing of it.
    pub(crate) fn stall(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT: it goes on as if no time had passed.
    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGKILL: it gets no chance to do anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Runs `huecry` to its end.
pub(crate) async fn run(folder: &Path, arguments: &[&str]) -> Ended {
    Program::start(folder, arguments, &[]).end().await
}

fn unnamed(folder: &Path, kind: &str) -> File {
    let path = folder.join(format!("{kind}-{}", huecry::domain::ids::public_id()));
    // Appending, so that reading from the beginning does not move where the program writes.
    let file = File::options().read(true).append(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file
}

fn text_of(file: &File) -> String {
    let mut file = file;
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut text).unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

/// A port below those that the system gives out by itself, so that it is still free when a killed program wants it again.
pub(crate) fn free_port() -> u16 {
    (0..1_000).map(|_| 10_000 + rand::random::<u16>() % 10_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("no port is free")
}

/// A gateway's folder with its configuration; the program may be started on it again and again.
pub(crate) struct Gateway {
    pub(crate) folder: PathBuf,
    pub(crate) url: String,
    pub(crate) port: u16,
}

impl Gateway {
    pub(crate) const TOKEN: &str = "a-token-of-the-tests";
    pub(crate) const NUMBER: &str = "+447700900001";

    /// On this database, with an SMS channel whose provider never answers.
    pub(crate) fn furnish(folder: &Path, database_url: &str) -> Self {
        Self::furnish_with(folder, database_url, "")
    }

    /// The same with more configuration appended.
    pub(crate) fn furnish_with(folder: &Path, database_url: &str, more: &str) -> Self {
        let channels = format!(
            "[[channels]]\nname = \"sms\"\nkind = \"sms\"\nprovider = \"twilio\"\naccount_sid = \"ACtest\"\nauth_token = \"{}\"\n\
             numbers = [\"{}\"]\napi_base = \"http://127.0.0.1:9\"\nconfirm_opt_out = false\n{more}",
            Self::TOKEN,
            Self::NUMBER
        );
        Self::furnish_as(&folder.join("gateway"), database_url, "", &channels)
    }

    /// With these channels and perhaps more lines of `[server]`, in a folder of its own.
    pub(crate) fn furnish_as(folder: &Path, database_url: &str, server: &str, channels: &str) -> Self {
        install_tls();
        std::fs::create_dir_all(folder).unwrap();
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let toml = format!(
            "[server]\nbind = \"127.0.0.1:{port}\"\npublic_url = \"{url}\"\nweb_workers = 2\n{server}[quiet_hours]\nroutine = \"\"\n[database]\nurl = \"{database_url}\"\n\
             [files]\ndir = \"files\"\n[security]\nkeyring = \"keyring.json\"\n{channels}"
        );
        std::fs::write(folder.join("huecry.toml"), toml).unwrap();
        Self { folder: folder.to_owned(), url, port }
    }

    /// Starts it, without waiting for anything.
    pub(crate) fn start(&self, more: &[&str]) -> Program {
        let mut arguments = vec!["serve", "--config", "huecry.toml"];
        arguments.extend_from_slice(more);
        Program::start(&self.folder, &arguments, &[])
    }

    /// Runs another of its commands to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        let mut all = arguments.to_vec();
        all.extend_from_slice(&["--config", "huecry.toml"]);
        run(&self.folder, &all).await
    }

    /// Waits until it answers; fails at once if the program ends instead.
    pub(crate) async fn ready(&self, program: &mut Program) {
        wait_for_answer(&format!("{}/healthz", self.url), program).await;
    }
}

/// Waits until there is a page; fails at once if the program ends instead.
pub(crate) async fn wait_for_answer(url: &str, program: &mut Program) {
    let program = std::cell::RefCell::new(program);
    eventually(&format!("{url} to answer"), async || {
        assert!(program.borrow_mut().runs(), "the program ended: {}", program.borrow().logged());
        reqwest::get(url).await.ok().filter(|answer| answer.status().is_success()).map(|_| ())
    })
    .await;
}
