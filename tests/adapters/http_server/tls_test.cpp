#include "adapters/http/server/tls.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>

#include "tests/adapters/http_server/test_server.h"

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

  /// A self-signed P-256 certificate.
  void make(const char* name) const {
    EVP_PKEY* const pair = EVP_EC_gen("P-256");
    X509* const x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, pair);
    X509_NAME* const subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_sign(x509, pair, EVP_sha256());
    FILE* file = std::fopen(certificate.c_str(), "w");
    PEM_write_X509(file, x509);
    std::fclose(file);
    file = std::fopen(key.c_str(), "w");
    PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(x509);
    EVP_PKEY_free(pair);
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
  options.tls = std::make_shared<TlsCertificate>(files.certificate, files.key);
  test::TestServer server(test::common_routes(), options);
  const std::string request = test::get("/hello", "Connection: close\r\n");
  const auto first = ask(server.port(), request);
  EXPECT_TRUE(first.bytes.starts_with("HTTP/1.1 200 OK")) << first.error;
  EXPECT_TRUE(first.bytes.ends_with("hello"));
  EXPECT_EQ(first.subject, "first");
  EXPECT_EQ(first.protocol, "http/1.1");
  EXPECT_EQ(first.version, "TLSv1.3");

  files.make("second");
  EXPECT_FALSE(options.tls->reload());
  EXPECT_EQ(ask(server.port(), request).subject, "second");

  std::filesystem::resize_file(files.key, 10);
  const auto why = options.tls->reload();
  ASSERT_TRUE(why);
  EXPECT_NE(why->find(files.key.string()), std::string::npos);
  EXPECT_EQ(ask(server.port(), request).subject, "second") << "the old one stays";
}

TEST(Tls, OldVersionsArePastAndTwelveStillGoes) {
  const CertificateFiles files;
  ServerOptions options;
  options.tls = std::make_shared<TlsCertificate>(files.certificate, files.key);
  test::TestServer server(test::common_routes(), options);
  EXPECT_EQ(ask(server.port(), test::get("/hello", "Connection: close\r\n"), TLS1_2_VERSION).version, "TLSv1.2");
  EXPECT_FALSE(ask(server.port(), "", TLS1_1_VERSION).error.empty());
}

TEST(Tls, LargeBodiesAndManyRequestsPass) {
  const CertificateFiles files;
  ServerOptions options;
  options.tls = std::make_shared<TlsCertificate>(files.certificate, files.key);
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
  options.tls = std::make_shared<TlsCertificate>(files.certificate, files.key);
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
