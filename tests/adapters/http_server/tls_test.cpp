#include "adapters/http/server/tls.h"

#include <openssl/x509.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <fstream>

#include "tests/adapters/http_server/test_server.h"
#include "tests/support/certificate.h"

namespace countersign::http {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;

struct CertificateFiles {
  std::filesystem::path directory, certificate, key;

  CertificateFiles() {
    std::string pattern = std::filesystem::temp_directory_path() / "countersign-tls-XXXXXX";
    directory = ::mkdtemp(pattern.data());
    certificate = directory / "certificate.pem";
    key = directory / "key.pem";
    make("first");
  }
  ~CertificateFiles() { std::filesystem::remove_all(directory); }

  void make(const char* name) const {
    const auto made = testing::self_signed(name);
    std::ofstream(certificate) << made.certificate;
    std::ofstream(key) << made.key;
  }
};

struct TlsAnswer {
  std::string bytes, subject, protocol, version, error;
};

TlsAnswer ask(std::uint16_t port, const std::string& request, int most_version = TLS1_3_VERSION) {
  TlsAnswer answer;
  asio::io_context io;
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.native_handle(), most_version);
  SSL_CTX_set_security_level(context.native_handle(), 0);
  SSL_CTX_set_alpn_protos(context.native_handle(), reinterpret_cast<const unsigned char*>("\x02h2\x08http/1.1"), 12);
  ssl::stream<asio::ip::tcp::socket> stream(io, context);
  try {
    stream.lowest_layer().connect({asio::ip::address_v4::loopback(), port});
    stream.handshake(ssl::stream_base::client);
  } catch (const boost::system::system_error& error) {
    answer.error = error.what();
    return answer;
  }
  char name[100] = {};
  X509* const certificate = SSL_get1_peer_certificate(stream.native_handle());
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  X509_free(certificate);
  answer.subject = name;
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(stream.native_handle(), &chosen, &size);
  if (chosen != nullptr) answer.protocol.assign(reinterpret_cast<const char*>(chosen), size);
  answer.version = SSL_get_version(stream.native_handle());
  asio::write(stream, asio::buffer(request));
  boost::system::error_code ended;
  asio::read(stream, asio::dynamic_buffer(answer.bytes), ended);
  return answer;
}

TEST(Tls, ServesAndReloadsItsCertificate) {
  const CertificateFiles files;
  ServerOptions options;
  TlsCertificate certificate(files.certificate, files.key);
  options.tls = [&certificate] { return certificate.current(); };
  test::TestServer server(test::common_routes(), options);
  const std::string request = test::get("/hello", "Connection: close\r\n");
  const auto first = ask(server.port(), request);
  EXPECT_TRUE(first.bytes.starts_with("HTTP/1.1 200 OK")) << first.error;
  EXPECT_TRUE(first.bytes.ends_with("hello"));
  EXPECT_EQ(first.subject, "first");
  EXPECT_EQ(first.protocol, "http/1.1");
  EXPECT_EQ(first.version, "TLSv1.3");

  files.make("second");
  EXPECT_FALSE(certificate.reload());
  EXPECT_EQ(ask(server.port(), request).subject, "second");

  std::filesystem::resize_file(files.key, 10);
  const auto why = certificate.reload();
  ASSERT_TRUE(why);
  EXPECT_NE(why->find(files.key.string()), std::string::npos);
  EXPECT_EQ(ask(server.port(), request).subject, "second") << "the old one stays";
}

TEST(Tls, OldVersionsArePastAndTwelveStillGoes) {
  const CertificateFiles files;
  ServerOptions options;
  TlsCertificate certificate(files.certificate, files.key);
  options.tls = [&certificate] { return certificate.current(); };
  test::TestServer server(test::common_routes(), options);
  EXPECT_EQ(ask(server.port(), test::get("/hello", "Connection: close\r\n"), TLS1_2_VERSION).version, "TLSv1.2");
  EXPECT_FALSE(ask(server.port(), "", TLS1_1_VERSION).error.empty());
}

TEST(Tls, LargeBodiesAndManyRequestsPass) {
  const CertificateFiles files;
  ServerOptions options;
  TlsCertificate certificate(files.certificate, files.key);
  options.tls = [&certificate] { return certificate.current(); };
  test::TestServer server(test::common_routes(), options);
  const std::string body(1 << 20, 'x');
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += test::get("/things/" + std::to_string(i));
  const auto answer =
      ask(server.port(), requests + test::post("/echo", body, "application/json", "Connection: close\r\n"));
  EXPECT_TRUE(answer.bytes.ends_with(body));
  EXPECT_NE(answer.bytes.find("\r\n\r\n19HTTP/1.1"), std::string::npos);
}

TEST(Tls, AClientWithoutTlsIsClosed) {
  const CertificateFiles files;
  ServerOptions options;
  TlsCertificate certificate(files.certificate, files.key);
  options.tls = [&certificate] { return certificate.current(); };
  options.limits.header_timeout = std::chrono::milliseconds(300);
  test::TestServer server(test::common_routes(), options);
  test::TestClient plain = server.connect(), silent = server.connect();
  plain.send(test::get("/hello"));
  EXPECT_TRUE(plain.closed_by_server());
  EXPECT_TRUE(silent.closed_by_server()) << "no hello at all";
}

TEST(Tls, FilesThatDontFitAreNamed) {
  const CertificateFiles files, others;
  try {
    TlsCertificate(files.certificate, others.key);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(others.key.string()), std::string::npos) << error.what();
  }
  EXPECT_THROW(TlsCertificate("/nowhere", files.key), std::runtime_error);
}

}  // namespace
}  // namespace countersign::http
