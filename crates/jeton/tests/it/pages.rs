//! Pages of the documentation, word for word: their `bash` blocks are run in order, in one shell, in a folder of its
//! own, and what a page shows of an answer is compared with what comes.
//!
//! A line of comment that follows a command belongs to its answer; other lines of comment are for people. Of an answer
//! only what is not white space counts, and `…` stands for anything. A last line `exit status N` says how a command
//! ends that does not end well. `jeton` is found by its name and as `target/release/jeton`; `jeton serve` is what a page
//! starts in another terminal, on a free port in place of the one that is told.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::process::{Folder, Server};

/// Where the pages say that the server is; the tests' own stands elsewhere.
const TOLD: &str = "127.0.0.1:7878";

/// A command of a page, and what it is shown to answer.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    /// Where it begins in the page, from 1.
    line: usize,
    command: String,
    answer: Option<String>,
}

/// Runs a page of the project, by its path in the workspace, in a folder beside the data folder. `server` is the one
/// that the page means by `jeton-data`; one that the page starts itself (`jeton serve …`) runs until the page ends.
pub(crate) fn run(page: &str, folder: &Folder, server: Option<&Server>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let steps = steps(&fs::read_to_string(root.join(page)).unwrap());
    assert!(!steps.is_empty(), "{page} has nothing to run");
    let place = folder.beside("page");
    let programs = place.join("target/release");
    fs::create_dir_all(&programs).unwrap();
    symlink(env!("CARGO_BIN_EXE_jeton"), programs.join("jeton")).unwrap();
    if server.is_some() {
        symlink(folder.data(), place.join("jeton-data")).unwrap();
    }
    let mut address = server.map_or(TOLD, |server| server.base().strip_prefix("http://").unwrap()).to_owned();
    let mut servers = Vec::new();
    let (mut shell, mut wrong) = (Shell::start(&place), Vec::new());
    for step in &steps {
        if step.command.starts_with("jeton serve") {
            let started = Served::start(&place, &step.command);
            address.clone_from(&started.address);
            servers.push(started);
            continue;
        }
        let (answer, status) = shell.run(&step.command.replace(TOLD, &address));
        let answer = answer.replace(&address, TOLD);
        let told = |what: &str| format!("{page}:{}: {what}\n{}\nanswered\n{answer}", step.line, step.command);
        let (shown, ends) = ending(step.answer.as_deref());
        if status != ends {
            wrong.push(told(&format!("it ended with status {status}")));
        }
        if let Some(shown) = shown.filter(|shown| !matches(shown, &answer)) {
            wrong.push(format!("{}where is shown\n{shown}\n", told("it answered otherwise")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A program of the pages, in their folder and with nothing in its environment but where things are.
fn bash(place: &Path) -> Command {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", place.join("target/release").display());
    let mut bash = Command::new("bash");
    bash.current_dir(place).env_clear().env("PATH", path).env("HOME", place);
    bash
}

/// The one shell of a page. Dropped, it is killed.
struct Shell {
    bash: Child,
    output: BufReader<ChildStdout>,
    answer: PathBuf,
}

impl Shell {
    fn start(place: &Path) -> Self {
        let mut bash = bash(place).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(bash.stdout.take().unwrap());
        Self { bash, output, answer: place.join("target/answer") }
    }

    /// What a command says on both its outputs, and the status with which it ends.
    fn run(&mut self, command: &str) -> (String, String) {
        let answer = self.answer.display();
        let input = self.bash.stdin.as_mut().unwrap();
        write!(input, "{{\n{command}\n}} </dev/null >'{answer}' 2>&1; echo $?\n").unwrap();
        let mut status = String::new();
        self.output.read_line(&mut status).unwrap();
        (fs::read_to_string(&self.answer).unwrap(), status.trim().to_owned())
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.bash.kill();
        let _ = self.bash.wait();
    }
}

/// A server that a page starts in another terminal. Dropped, it is killed.
struct Served {
    bash: Child,
    address: String,
    /// Kept open: a server whose output nobody reads is not what is shown.
    _output: BufReader<ChildStdout>,
}

impl Served {
    fn start(place: &Path, command: &str) -> Self {
        let command = format!("exec {command} --listen 127.0.0.1:0 --log off");
        let mut bash = bash(place).args(["-c", &command]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(bash.stdout.take().unwrap());
        let mut address = None;
        while address.is_none() {
            let mut line = String::new();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "{command} has ended");
            address = line.trim_end().strip_prefix("listening on http://").map(str::to_owned);
        }
        Self { bash, address: address.unwrap(), _output: output }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.bash.kill();
        let _ = self.bash.wait();
    }
}

/// What is shown of an answer, and the exit status that goes with it.
fn ending(answer: Option<&str>) -> (Option<String>, String) {
    let Some(answer) = answer else { return (None, "0".to_owned()) };
    let (shown, last) = answer.rsplit_once('\n').unwrap_or(("", answer));
    match last.trim().strip_prefix("exit status ") {
        Some(status) => ((!shown.is_empty()).then(|| shown.to_owned()), status.to_owned()),
        None => (Some(answer.to_owned()), "0".to_owned()),
    }
}

/// The commands in the `bash` blocks of a page.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // `None`: outside a block; `Some`: inside one, with the lines of a command that is not complete.
    let mut block: Option<Vec<&str>> = None;
    let mut answered = false;
    for (number, line) in (1..).zip(page.lines()) {
        let Some(pending) = &mut block else {
            if line.trim() == "```bash" {
                (block, answered) = (Some(Vec::new()), false);
            }
            continue;
        };
        if pending.is_empty() {
            if line.trim() == "```" {
                block = None;
                continue;
            }
            if let Some(comment) = line.strip_prefix('#') {
                if let Some(step) = steps.last_mut().filter(|_| answered) {
                    let answer = step.answer.get_or_insert_default();
                    if !answer.is_empty() {
                        answer.push('\n');
                    }
                    answer.push_str(comment.strip_prefix(' ').unwrap_or(comment));
                }
                continue;
            }
            if line.trim().is_empty() {
                answered = false;
                continue;
            }
        }
        pending.push(line);
        let command = pending.join("\n");
        if is_complete(&command) {
            steps.push(Step { line: number + 1 - pending.len(), command, answer: None });
            pending.clear();
            answered = true;
        }
    }
    assert!(block.is_none(), "a block ends before its page does, with whole commands");
    steps
}

/// Whether the shell would go on to do it.
fn is_complete(command: &str) -> bool {
    if command.ends_with('\\') {
        return false;
    }
    let parsed = Command::new("bash").args(["-n", "-c", command]).output().unwrap();
    parsed.status.success() && parsed.stderr.is_empty()
}

/// Whether an answer is as it is shown.
fn matches(shown: &str, answer: &str) -> bool {
    let bare = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    let (shown, answer) = (bare(shown), bare(answer));
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = answer.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn the_tour_of_the_readme_works_word_for_word() {
    let folder = Folder::new();
    let server = folder.serve(&["--sandbox", "--demo"], &[]).unwrap();
    run("README.md", &folder, Some(&server));
    server.stop();
}

#[test]
fn commands_are_taken_from_a_page_with_what_they_answer() {
    let page = "Text\n```\nnot this\n```\n```bash\n# for people\none() { echo \\\n  1; }   # this too\n\n# for people\n\
                two '\na'\n# answer\n#  of two\nthree\n```\n";
    let step = |line, command: &str, answer: Option<&str>| Step {
        line,
        command: command.to_owned(),
        answer: answer.map(str::to_owned),
    };
    let expected = [
        step(7, "one() { echo \\\n  1; }   # this too", None),
        step(11, "two '\na'", Some("answer\n of two")),
        step(15, "three", None),
    ];
    assert_eq!(steps(page), expected);
}

#[test]
fn an_answer_is_as_shown_but_for_white_space_and_what_is_left_out() {
    for (shown, answer, same) in [
        ("a b", "ab\n", true),
        ("a…d", "a b c d", true),
        ("a…", "a", true),
        ("…c…", "abc", true),
        ("a…b…d", "acd", false),
        ("a…a", "a", false),
        ("ab", "abc", false),
    ] {
        assert_eq!(matches(shown, answer), same, "{shown} and {answer}");
    }
}

#[test]
fn a_page_that_says_what_is_not_so_is_found() {
    let folder = Folder::new();
    let page = folder.beside("page.md");
    let told = |text: &str| {
        fs::write(&page, format!("```bash\n{text}\n```\n")).unwrap();
        let _ = fs::remove_dir_all(folder.beside("page"));
        std::panic::catch_unwind(|| run(page.to_str().unwrap(), &folder, None)).is_ok()
    };
    assert!(told("echo hello\n# hel…"));
    assert!(!told("echo hello\n# bye"));
    assert!(!told("false"));
    assert!(told("false\n# exit status 1"));
    assert!(told("jeton serve --data d\ncurl -sS http://127.0.0.1:7878/livez\n# …"), "it can start a server");
    assert!(told("one=1\n```\n\n```bash\necho $one\n# 1"), "all is one shell");
}
