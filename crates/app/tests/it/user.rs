//! `evenhand user edit` and `evenhand user password`: what they say, and what is so afterwards.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// Runs the program on this folder; the words stand for themselves between `|`. Exit code, and what people read.
fn evenhand(data: &Path, words: &str, input: &str) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(words.split('|'))
        .env_clear()
        .env("EVENHAND_DATA", data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that refuses at once does not read its input.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8").trim_end().to_owned())
}

#[test]
fn r13_r16_people_are_changed_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let made = evenhand(
        &data,
        "init|--company|Acme|--country|IN|--timezone|Asia/Kolkata|--admin-email|boss@acme.example|--password-stdin",
        "correct horse\n",
    );
    assert_eq!(made.0, Some(0), "{}", made.1);
    for (words, input, code, says) in [
        (
            "user|add|--name|Asha Rao|--email|asha@acme.example|--role|Agent|--cap|50",
            "",
            0,
            "Asha Rao is added as Agent, with a lead cap of 50.",
        ),
        (
            "user|edit|ASHA@acme.example|--cap|40|--branch|Pune|--department|Loans",
            "",
            0,
            "Asha Rao is Agent (Pune, Loans) with a lead cap of 40.",
        ),
        (
            "user|edit|asha@acme.example|--cap|none|--no-department|--name|Asha R|--email|asha@rao.example",
            "",
            0,
            "Asha R is Agent (Pune) with no lead cap.",
        ),
        ("user|edit|asha@rao.example|--ban", "", 0, "Asha R is Agent (Pune) with no lead cap, banned."),
        (
            "user|edit|asha@rao.example|--unban|--role|manager",
            "",
            0,
            "Asha R is Manager (Pune) with no lead cap.",
        ),
        (
            "user|edit|boss@acme.example|--ban",
            "",
            2,
            "evenhand: the company would be left without an active admin; make somebody else an admin first",
        ),
        (
            "user|edit|asha@acme.example|--cap|1",
            "",
            2,
            "evenhand: there is no user with the e-mail asha@acme.example; see evenhand user list",
        ),
        (
            "user|edit|asha@rao.example",
            "",
            2,
            "evenhand: nothing is to be changed; see evenhand user edit --help",
        ),
        (
            "user|password|asha@rao.example|--password-stdin",
            "battery staple\n",
            0,
            "The password is set; every session of theirs has ended.",
        ),
        (
            "user|password|asha@rao.example|--password-stdin",
            "short\n",
            2,
            "evenhand: a password has at least 8 characters; this one is shorter",
        ),
        (
            "user|password|asha@rao.example|--password-stdin",
            "",
            2,
            "evenhand: no password came on standard input; write it there as the first line",
        ),
    ] {
        assert_eq!(evenhand(&data, words, input), (Some(code), says.to_owned()), "{words}");
    }
    let (code, said) = evenhand(&data, "user|edit|asha@rao.example|--cap|many", "");
    assert_eq!(code, Some(2));
    assert!(said.contains("a lead cap is a number from 0 to 1000000, or none"), "{said}");
}
