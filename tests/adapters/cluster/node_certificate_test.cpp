#include "adapters/cluster/node_certificate.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "tests/adapters/cluster/nodes.h"
#include "tests/support/certificate.h"

namespace countersign::cluster {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using namespace std::chrono_literals;

/// What comes back until the connection ends; the client believes whatever the server shows. TLS 1.3 tells a client
/// that it is refused only after its own handshake is over.
std::string ask(std::uint16_t port, ssl::context& context, const std::string& path = "/who") {
  asio::io_context io;
  ssl::stream<asio::ip::tcp::socket> stream(io, context);
  stream.set_verify_mode(ssl::verify_none);
  boost::system::error_code error;
  stream.lowest_layer().connect({asio::ip::address_v4::loopback(), port}, error);
  if (!error) stream.handshake(ssl::stream_base::client, error);
  if (!error) asio::write(stream, asio::buffer(http::test::get(path, "Connection: close\r\n")), error);
  std::string got;
  if (!error) asio::read(stream, asio::dynamic_buffer(got), error);
  return got;
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  EXPECT_EQ(ASN1_TIME_to_tm(time, &parts), 1);
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

TEST(NodeCertificate, ANodeIsAnsweredAndKnown) {
  test::InnerServer server(test::certificate_of("node-1"));
  const auto context = test::certificate_of("a node, \xc3\xbc")->current();
  const auto answer = ask(server.port(), *context);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK")) << answer;
  EXPECT_TRUE(answer.ends_with("a node, \xc3\xbc")) << answer;
}

TEST(NodeCertificate, NodesWhoseClocksAreOffAreAnswered) {
  for (const auto server_off : {-23h, -1h, 1h, 23h}) {
    test::InnerServer server(test::certificate_of("node-1", server_off));
    for (const auto off : {-23h, -1h, 1h, 23h}) {
      const auto context = test::certificate_of("node-2", off)->current();
      EXPECT_TRUE(ask(server.port(), *context).ends_with("node-2")) << off.count();
    }
  }
}

TEST(NodeCertificate, StrangersAreRefused) {
  test::InnerServer server(test::certificate_of("node-1"));
  ssl::context nothing(ssl::context::tls_client);
  EXPECT_EQ(ask(server.port(), nothing), "") << "no certificate";

  ssl::context self(ssl::context::tls_client);
  const auto made = testing::self_signed("Countersign cluster", "URI:countersign-node:node-2");
  self.use_certificate_chain(asio::buffer(made.certificate));
  self.use_private_key(asio::buffer(made.key), ssl::context::pem);
  EXPECT_EQ(ask(server.port(), self), "") << "a certificate that it has signed itself";

  const auto other = test::certificate_of("node-2", 0h, test::other_key)->current();
  EXPECT_EQ(ask(server.port(), *other), "") << "a node of another cluster";
  for (const auto off : {-49h, 49h}) {
    const auto context = test::certificate_of("node-2", off)->current();
    EXPECT_EQ(ask(server.port(), *context), "") << "expired, or not valid yet";
  }
  const auto old = test::certificate_of("node-2")->current();
  SSL_CTX_set_min_proto_version(old->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(old->native_handle(), TLS1_2_VERSION);
  EXPECT_EQ(ask(server.port(), *old), "") << "TLS 1.2";

  auto plain = server.server().connect();
  plain.send(http::test::get("/who"));
  EXPECT_TRUE(plain.closed_by_server());
  EXPECT_TRUE(server.server().log().empty()) << "no handler ran";
}

TEST(NodeCertificate, ANodeCertifiesNobodyElse) {
  const Authority authority(test::our_key);
  const auto now = std::chrono::system_clock::now();
  const auto node = authority.certify("node-2", now - 1h, now + 1h), below = authority.certify("node-3", now, now + 1h);
  X509* const forged = below.certificate.get();
  X509_set_issuer_name(forged, X509_get_subject_name(node.certificate.get()));
  X509_sign(forged, node.key.get(), nullptr);
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_use_certificate(context.native_handle(), forged);
  SSL_CTX_use_PrivateKey(context.native_handle(), below.key.get());
  SSL_CTX_add1_chain_cert(context.native_handle(), node.certificate.get());
  test::InnerServer server(test::certificate_of("node-1"));
  EXPECT_EQ(ask(server.port(), context), "");
}

TEST(NodeCertificate, TheAuthorityFollowsFromTheKeys) {
  const Authority one(test::our_key), same(test::our_key), other(test::other_key);
  EXPECT_EQ(X509_cmp(one.certificate(), same.certificate()), 0);
  EXPECT_NE(X509_cmp(one.certificate(), other.certificate()), 0);
}

TEST(NodeCertificate, IsRenewedLongBeforeItEnds) {
  const auto start = std::chrono::system_clock::now();
  auto now = start;
  NodeCertificate certificate(test::our_key, "node-1", [&now] { return now; });
  const auto first = certificate.current();
  now = start + 24h - 1s;
  EXPECT_EQ(certificate.current(), first);
  const auto* shown = SSL_CTX_get0_certificate(first->native_handle());
  EXPECT_LE(time_of(X509_get0_notBefore(shown)), start - 24h);
  EXPECT_GE(time_of(X509_get0_notAfter(shown)), now + 23h);
  now = start + 24h;
  const auto second = certificate.current();
  EXPECT_NE(second, first);
  EXPECT_NE(EVP_PKEY_eq(X509_get0_pubkey(SSL_CTX_get0_certificate(second->native_handle())), X509_get0_pubkey(shown)),
            1)
      << "with a key of its own";
  now = start;
  EXPECT_NE(certificate.current(), second) << "the clock was set back";
}

TEST(NodeCertificate, ConnectionsGoOnWhenItIsRenewed) {
  std::atomic<int> hours = 0;
  test::InnerServer server(std::make_unique<NodeCertificate>(
      test::our_key, "node-1", [&hours] { return std::chrono::system_clock::now() + std::chrono::hours(hours); }));
  const auto context = test::certificate_of("node-2")->current();
  asio::io_context io;
  ssl::stream<asio::ip::tcp::socket> stream(io, *context);
  stream.lowest_layer().connect({asio::ip::address_v4::loopback(), server.port()});
  stream.handshake(ssl::stream_base::client);
  hours = 25;
  EXPECT_TRUE(ask(server.port(), *context).ends_with("node-2")) << "with the new one";
  asio::write(stream, asio::buffer(http::test::get("/who", "Connection: close\r\n")));
  std::string got;
  boost::system::error_code ended;
  asio::read(stream, asio::dynamic_buffer(got), ended);
  EXPECT_TRUE(got.ends_with("node-2")) << "with the old one";
}

}  // namespace
}  // namespace countersign::cluster
