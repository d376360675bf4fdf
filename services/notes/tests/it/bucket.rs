//! A store that speaks as S3 does, as far as files ask of one: whole objects, and none is overwritten.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
};

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

pub struct Bucket {
    at: SocketAddr,
    pub objects: Objects,
}

impl Bucket {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, objects) = (listener.local_addr().unwrap(), Objects::default());
        let served = Arc::clone(&objects);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&served)));
            }
        });
        Self { at, objects }
    }

    pub fn files(&self) -> notes::Files {
        let s3 = notes::S3 {
            endpoint: Some(format!("http://{}", self.at)),
            bucket: "files".to_owned(),
            region: "us-west-2".to_owned(),
            access_key_id: "canary-key".to_owned(),
            secret_access_key: "canary-secret".into(),
        };
        assert!(!format!("{s3:?}").contains("canary-secret"));
        notes::Files::s3(&s3).unwrap()
    }
}

/// One connection, request after request.
async fn serve(socket: TcpStream, objects: Objects) -> io::Result<()> {
    let mut socket = BufStream::new(socket);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if socket.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let header = |name: &str| {
            let lines = head.iter().filter_map(|line| line.split_once(": "));
            lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
        };
        let mut body = vec![0; header("content-length").map_or(0, |n| n.parse().unwrap())];
        socket.read_exact(&mut body).await?;
        let mut words = head[0].split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap().to_owned());
        assert!(path.starts_with("/files/"), "{path}");
        assert!(header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256 "));
        let (status, body) = {
            let mut objects = objects.lock().unwrap();
            match method {
                "PUT" if header("if-none-match") == Some("*") && objects.contains_key(&path) => {
                    ("412 Precondition Failed", Vec::new())
                }
                "PUT" => {
                    objects.insert(path, body);
                    ("200 OK", Vec::new())
                }
                "DELETE" => {
                    objects.remove(&path);
                    ("204 No Content", Vec::new())
                }
                "GET" | "HEAD" => match objects.get(&path) {
                    Some(object) => ("200 OK", object.clone()),
                    None => ("404 Not Found", Vec::new()),
                },
                other => panic!("{other} {path}"),
            }
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\netag: \"1\"\r\n\
             last-modified: Thu, 01 Mar 2040 12:00:00 GMT\r\n\r\n",
            body.len()
        );
        socket.write_all(answer.as_bytes()).await?;
        if method != "HEAD" {
            socket.write_all(&body).await?;
        }
        socket.flush().await?;
    }
}
