//! A connection to a carrier's server, protected or not, for what does not speak HTTP.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Anything a session can run over.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Wire for T {}

/// Connects. With `tls` the server must show a certificate for this host that the system trusts.
pub(super) async fn open(host: &str, port: u16, tls: bool) -> std::io::Result<Box<dyn Wire>> {
    let tcp = TcpStream::connect((host, port)).await?;
    // Everything here is said in small pieces that wait for answers.
    tcp.set_nodelay(true)?;
    if !tls {
        return Ok(Box::new(tcp));
    }
    let config = <rustls::ClientConfig as rustls_platform_verifier::ConfigVerifierExt>::with_platform_verifier().map_err(std::io::Error::other)?;
    let name = rustls::pki_types::ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    Ok(Box::new(tokio_rustls::TlsConnector::from(std::sync::Arc::new(config)).connect(name, tcp).await?))
}
