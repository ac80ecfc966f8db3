//! A headless Chromium, spoken to over a pipe as its developer tools do.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(120);
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];

/// A browser with one page.
pub struct Browser {
    process: Child,
    input: ChildStdin,
    output: Receiver<Value>,
    session: Option<String>,
    calls: u64,
    events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser that reports whatever a page asks for, logs or must not do.
    /// `None`, saying so, if none is installed.
    pub fn start() -> Option<Self> {
        let profile = tempfile::tempdir().expect("a folder");
        let Some(mut process) = NAMES.iter().find_map(|name| launch(name, profile.path())) else {
            // Past the test harness, which keeps what a test prints.
            let _ = writeln!(io::stderr(), "SKIPPED: no Chromium is installed");
            return None;
        };
        let input = process.stdin.take().expect("a pipe");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        let (send, messages) = channel();
        thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let _ = send.send(serde_json::from_slice(&message).expect("JSON"));
            }
        });
        let mut browser = Browser {
            process,
            input,
            output: messages,
            session: None,
            calls: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attach);
        browser.session = Some(attached["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    /// Calls a method and waits for its result.
    pub fn call(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut text = message.to_string();
        text.push('\0');
        self.input.write_all(text.as_bytes()).expect("the browser listens");
        loop {
            let mut message = self.output.recv_timeout(PATIENCE).expect("the browser answers");
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    /// Opens a file and waits until it is loaded.
    pub fn open(&mut self, path: &Path) {
        self.events.clear();
        let url = format!("file://{}", path.display());
        self.call("Page.navigate", &json!({ "url": url }));
        let loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(loaded) {
            self.call("Runtime.evaluate", &json!({ "expression": "0" }));
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let call = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", &call);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Presses and releases a key.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            " " => (32, " "),
            "End" => (35, ""),
            _ => panic!("{key}: say its code here"),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let kind = if kind == "keyDown" && text.is_empty() { "rawKeyDown" } else { kind };
            let call = json!({ "type": kind, "key": key, "code": key, "text": text,
                               "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", &call);
        }
    }

    /// Clicks in the middle of an element.
    pub fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{ const it = document.querySelector('{selector}');
               it.scrollIntoView({{ block: 'center', inline: 'center' }});
               const at = it.getBoundingClientRect();
               return [at.x + at.width / 2, at.y + at.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let call = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left",
                               "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &call);
        }
    }

    /// The size of the window in px.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
                           "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    /// The colour scheme that the reader likes: `light` or `dark`.
    pub fn scheme(&mut self, scheme: &str) {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": feature }));
    }

    /// Whatever the page asked for but itself, logged, threw, or was kept from doing.
    pub fn troubles(&mut self) -> String {
        // What comes late, comes now.
        thread::sleep(Duration::from_millis(100));
        self.value("new Promise((done) => requestAnimationFrame(() => done(0)))");
        let mut told = String::new();
        for event in &self.events {
            let params = &event["params"];
            let trouble = match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().unwrap_or_default();
                    !(params["type"] == "Document" && url.starts_with("file:")) && url != "data:,"
                }
                "Runtime.consoleAPICalled"
                | "Runtime.exceptionThrown"
                | "Log.entryAdded"
                | "Audits.issueAdded"
                | "Page.javascriptDialogOpening" => true,
                _ => false,
            };
            if trouble {
                let _ = writeln!(told, "{event}");
            }
        }
        told
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The browser reads from file 3 and writes to file 4: the shell makes them of what are
/// its standard input and output.
fn launch(name: &str, profile: &Path) -> Option<Child> {
    let there = Command::new("sh").args(["-c", "command -v \"$0\"", name]).output().ok()?;
    if !there.status.success() {
        return None;
    }
    Command::new("sh")
        .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", name])
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("about:blank")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()
}
