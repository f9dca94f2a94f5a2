//! `evenhand plan`: a plan, or one line that says what is wrong.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

fn plan(text: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .arg("plan")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("its input").write_all(text.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_bad_instance_is_told_in_one_line() {
    for (text, says) in [
        ("", "EOF"),
        (r#"{"agents":[],"classes":[]} x"#, "trailing characters"),
        (r#"{"agents":[{"id":1},{"id":1}],"classes":[]}"#, "agent 1 is listed twice"),
        (r#"{"agents":[{"id":1,"weight":1e300}],"classes":[]}"#, "weight 1e300"),
        (r#"{"agents":[{"id":1,"weight":NaN}],"classes":[]}"#, "expected value"),
        (r#"{"agents":[{"id":1,"room":4294967296}],"classes":[]}"#, "4294967296"),
        // Quoted from the input, and still one line.
        (r#"{"agents":[{"id":1,"ro\nom":1}],"classes":[]}"#, "unknown field `ro?om`"),
        (r#"{"strategy":"a\u001b[1m","agents":[],"classes":[]}"#, "unknown variant `a?[1m`"),
    ] {
        let output = plan(text);
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(
            (output.status.code(), output.stdout.len(), error.lines().count()),
            (Some(2), 0, 1),
            "{text}: {error}"
        );
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    let output = plan("\u{feff}{\"agents\":[],\"classes\":[]}");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
