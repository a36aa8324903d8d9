//! The functions of the benchmark on hyper 0.14 and tokio's multi-thread runtime, with serde's typed readers.
use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::service::{make_service_fn, service_fn};
use hyper::{body, Body, Method, Request, Response, Server, StatusCode};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Deserialize)]
struct Line {
    quantity: i64,
    unit_cents: i64,
}

#[derive(Deserialize)]
struct Order<'a> {
    #[serde(borrow)]
    order_id: Cow<'a, str>,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Total<'a> {
    lines: usize,
    order_id: &'a str,
    quantity: i64,
    total_cents: i64,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "Data", borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
}

#[derive(Serialize)]
struct Reply {
    #[serde(rename = "Outputs")]
    outputs: Outputs,
}

#[derive(Serialize)]
struct Outputs {
    output: String,
}

fn content(kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn json(value: &impl Serialize) -> Result<Response<Body>, Failure> {
    Ok(content("application/json; charset=utf-8", serde_json::to_vec(value)?))
}

async fn parse(request: Request<Body>) -> Result<Response<Body>, Failure> {
    let bytes = body::to_bytes(request.into_body()).await?;
    let order: Order = serde_json::from_slice(&bytes)?;
    json(&Total {
        lines: order.lines.len(),
        order_id: &order.order_id,
        quantity: order.lines.iter().map(|line| line.quantity).sum(),
        total_cents: order.lines.iter().map(|line| line.quantity * line.unit_cents).sum(),
    })
}

async fn relay(request: Request<Body>) -> Result<Response<Body>, Failure> {
    let bytes = body::to_bytes(request.into_body()).await?;
    let envelope: Envelope = serde_json::from_slice(&bytes)?;
    let text: Cow<str> = serde_json::from_str(&envelope.data.message)?;
    let output = format!("{} ({})", text, text.chars().count());
    json(&Reply { outputs: Outputs { output } })
}

async fn block() -> Response<Body> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    content("text/plain", "done")
}

async fn serve(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let response = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => Ok(Response::default()),
        (&Method::GET, "/api/hello") => Ok(content("text/plain", "Hello, world!")),
        (&Method::POST, "/api/parse") => parse(request).await,
        (&Method::POST, "/relay") => relay(request).await,
        (&Method::GET, "/api/block") => Ok(block().await),
        _ => Ok(status(StatusCode::NOT_FOUND)),
    };
    Ok(response.unwrap_or_else(|_| status(StatusCode::BAD_REQUEST)))
}

// For the request cases of tests/conformance: only the protocol decides.
async fn serve_anything(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let read = body::to_bytes(request.into_body()).await;
    Ok(status(if read.is_ok() { StatusCode::OK } else { StatusCode::BAD_REQUEST }))
}

fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = code;
    response
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let port = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT")?.parse()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let server = Server::try_bind(&address)?.tcp_nodelay(true);
    if std::env::var_os("AZF_PEER_ANSWERS_ALL").is_some() {
        server.serve(make_service_fn(|_| async { Ok::<_, Infallible>(service_fn(serve_anything)) })).await?;
    } else {
        server.serve(make_service_fn(|_| async { Ok::<_, Infallible>(service_fn(serve)) })).await?;
    }
    Ok(())
}
