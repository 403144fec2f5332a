//! A web server that streams the events of runs and takes the answers to their asks by another request.
//!
//! Closing the page drops the run. The HTTP is as little as will do; a real server has a framework for it,
//! and asks who is there before it starts a run or takes an answer.

use std::io;

use looplet_host::{Answer, AskId, Desk, Error, Events, Host, HostBuilder, IntoModel, ModelChoice, Result, RunId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Most bytes of a request that are read.
const REQUEST_BYTES: u64 = 64 << 10;

#[derive(Clone)]
pub(crate) struct App {
    host: Host,
    model: ModelChoice,
    desk: Desk,
}

pub(crate) async fn run(host: HostBuilder, model: impl IntoModel, address: &str) -> Result<()> {
    let app = App::new(host, model).await?;
    let served = async { serve(TcpListener::bind(address).await?, app).await };
    served.await.map_err(|error| Error::failed(format!("cannot serve at `{address}`: {error}")))
}

impl App {
    async fn new(host: HostBuilder, model: impl IntoModel) -> Result<Self> {
        Ok(Self { host: host.ask("*").build().await?, model: model.into_model(), desk: Desk::new() })
    }

    /// `POST /runs`, with the task: the events of a new run.
    fn start(&self, task: &str) -> Result<Events> {
        let run = self.host.run(task).model(self.model.clone()).approver(self.desk.clone()).start()?;
        Ok(run.events())
    }

    /// `POST /runs/RUN/asks/ASK`, with the answer.
    fn answer(&self, run: RunId, ask: AskId, answer: Answer) -> u16 {
        match self.desk.answer(run, ask, answer) {
            Ok(()) => 204,
            Err(_) => 404,
        }
    }
}

async fn serve(listener: TcpListener, app: App) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let app = app.clone();
        tokio::spawn(async move { connection(stream, &app).await });
    }
}

async fn connection(mut stream: TcpStream, app: &App) -> io::Result<()> {
    let request = Request::read(&mut stream).await?;
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["runs"]) => match app.start(&request.body) {
            Ok(events) => stream_events(stream, events).await,
            Err(error) => reply(&mut stream, 400, &error.to_string()).await,
        },
        ("GET", ["asks"]) => reply(&mut stream, 200, &app.desk.pending()).await,
        ("POST", ["runs", run, "asks", ask]) => {
            let status = match (run.parse(), ask.parse(), request.json()) {
                (Ok(run), Ok(ask), Some(answer)) => app.answer(run, ask, answer),
                _ => 400,
            };
            reply(&mut stream, status, "").await
        }
        _ => reply(&mut stream, 404, "").await,
    }
}

/// Server-sent events, until the run has ended or the page is closed.
async fn stream_events(mut stream: TcpStream, mut events: Events) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n").await?;
    let (mut page, mut out) = stream.split();
    loop {
        let mut byte = [0];
        tokio::select! {
            event = events.next() => match event {
                Some(event) => out.write_all(format!("data: {}\n\n", serde_json::to_string(&event)?).as_bytes()).await?,
                None => return Ok(()),
            },
            // The page is gone; with this the run is dropped, and stops.
            _ = page.read(&mut byte) => return Ok(()),
        }
    }
}

async fn reply(stream: &mut TcpStream, status: u16, body: &(impl Serialize + ?Sized)) -> io::Result<()> {
    let body = serde_json::to_string(body)?;
    let head = format!("HTTP/1.1 {status} -\r\ncontent-type: application/json\r\nconnection: close\r\n");
    let body = if status == 204 { String::new() } else { format!("content-length: {}\r\n\r\n{body}", body.len()) };
    stream.write_all(format!("{head}{}", if body.is_empty() { "\r\n" } else { &body }).as_bytes()).await
}

struct Request {
    method: String,
    path: String,
    body: String,
}

impl Request {
    async fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut reader = BufReader::new(stream.take(REQUEST_BYTES));
        let mut line = String::new();
        reader.read_line(&mut line).await?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).await? == 0 || header.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = String::new();
        reader.take(length).read_to_string(&mut body).await?;
        Ok(Self { method, path, body })
    }

    fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.body).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use looplet_host::{Host, Scripted};
    use serde_json::{Value, json};

    use super::*;

    async fn started() -> (SocketAddr, App) {
        let model = Scripted::calls([("greet", json!({"name": "Ada"}))]).then_text("ok");
        let app = App::new(Host::ephemeral().plugin("builtin:greet"), model).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, app.clone()));
        (address, app)
    }

    async fn send(address: SocketAddr, what: &str, body: &str) -> TcpStream {
        let mut page = TcpStream::connect(address).await.unwrap();
        let request = format!("{what} HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        page.write_all(request.as_bytes()).await.unwrap();
        page
    }

    async fn all(mut page: TcpStream) -> String {
        let mut text = String::new();
        page.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_page_sees_the_run_go_on_once_another_request_has_answered() {
        let (address, app) = started().await;
        let page = send(address, "POST /runs", "greet Ada").await;
        app.desk.asked().await;
        let asks = all(send(address, "GET /asks", "").await).await;
        let asks: Value = serde_json::from_str(asks.lines().last().unwrap()).unwrap();
        let (run, ask) = (asks[0]["run"].as_str().unwrap(), &asks[0]["ask"]);
        let answered = all(send(address, &format!("POST /runs/{run}/asks/{ask}"), "\"yes\"").await).await;
        assert!(answered.starts_with("HTTP/1.1 204"), "{answered}");
        let again = all(send(address, &format!("POST /runs/{run}/asks/{ask}"), "\"yes\"").await).await;
        assert!(again.starts_with("HTTP/1.1 404"), "{again}");
        let events = all(page).await;
        let events: Vec<Value> =
            events.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
        let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["asked", "step", "outcome"]);
        assert_eq!((&events[0]["ask"], &events[0]["question"]["step"]), (ask, &json!(1)));
        assert_eq!(events[2]["outcome"]["denied"], json!([]));
    }

    #[tokio::test]
    async fn closing_the_page_drops_the_run_and_its_ask() {
        let (address, app) = started().await;
        let page = send(address, "POST /runs", "greet Ada").await;
        app.desk.asked().await;
        drop(page);
        while !app.desk.pending().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}
