#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "adapters/push/carriers.h"
#include "tests/support/certificate.h"

namespace countersign::push {
namespace {

Receiver receiver(Protocol protocol) {
  Receiver made;
  made.protocol = protocol;
  if (protocol == Protocol::webhook) {
    made.url = "https://siem.example/hook?a=b";
    made.signing_secret = std::string(32, 's');
  } else {
    made.host = "siem.example";
  }
  return made;
}

std::string flawed_field(const Receiver& made) {
  const auto flaw = flaw_in(made);
  return flaw ? flaw->field : "";
}

constexpr std::array protocols{Protocol::relp, Protocol::syslog_tls, Protocol::syslog_tcp, Protocol::syslog_udp,
                               Protocol::webhook};

TEST(Receiver, NamesOfProtocolsAreReadAsTheyAreWritten) {
  for (const auto protocol : protocols) EXPECT_EQ(parse_protocol(protocol_name(protocol)), protocol);
  EXPECT_EQ(parse_protocol("RELP"), std::nullopt);
  EXPECT_EQ(parse_protocol(""), std::nullopt);
}

TEST(Receiver, WhatIsNeededIsEnough) {
  for (const auto protocol : protocols) EXPECT_EQ(flawed_field(receiver(protocol)), "") << protocol_name(protocol);
}

TEST(Receiver, DefaultPorts) {
  EXPECT_EQ(port_of(receiver(Protocol::relp)), 2514);
  EXPECT_EQ(port_of(receiver(Protocol::syslog_tls)), 6514);
  EXPECT_EQ(port_of(receiver(Protocol::syslog_tcp)), 514);
  EXPECT_EQ(port_of(receiver(Protocol::syslog_udp)), 514);
}

TEST(Receiver, BadUrlsAreRefused) {
  for (const char* url : {"", "siem.example", "ftp://siem.example/", "http://siem.example/", "https:///path",
                          "https://user:pass@siem.example/", "https://token@siem.example/",
                          "https://siem.example/#part", "https://siem.example:0/", "https://siem example/",
                          "https://-x/", "https://a..b/", "https://siem.example/\r\nX: y"}) {
    auto made = receiver(Protocol::webhook);
    made.url = url;
    EXPECT_EQ(flawed_field(made), "url") << url;
  }
  auto made = receiver(Protocol::webhook);
  made.url = "https://siem.example/" + std::string(2048, 'a');
  EXPECT_EQ(flawed_field(made), "url");
}

TEST(Receiver, PartsOfAUrl) {
  const auto plain = parse_webhook_url("https://siem.example");
  EXPECT_EQ(plain.host, "siem.example");
  EXPECT_EQ(plain.authority, "siem.example");
  EXPECT_EQ(plain.target, "/");
  EXPECT_EQ(plain.port, 443);
  EXPECT_TRUE(plain.tls);
  const auto local = parse_webhook_url("http://[::1]:8080/in?tenant=a%20b");
  EXPECT_EQ(local.host, "::1");
  EXPECT_EQ(local.authority, "[::1]:8080");
  EXPECT_EQ(local.target, "/in?tenant=a%20b");
  EXPECT_EQ(local.port, 8080);
  EXPECT_FALSE(local.tls);
  EXPECT_EQ(parse_webhook_url("https://siem.example?x=1").target, "/?x=1");
}

TEST(Receiver, WhatDoesntBelongTogetherIsRefused) {
  const auto good = testing::self_signed("siem.example");
  const auto other = testing::self_signed("other.example");
  const struct {
    const char* field;
    Protocol protocol;
    std::function<void(Receiver&)> change;
  } rows[] = {{"host", Protocol::relp, [](Receiver& r) { r.host = ""; }},
              {"host", Protocol::relp, [](Receiver& r) { r.host = "a b"; }},
              {"host", Protocol::syslog_udp, [](Receiver& r) { r.host = std::string(254, 'a'); }},
              {"host", Protocol::webhook, [](Receiver& r) { r.host = "siem.example"; }},
              {"url", Protocol::syslog_tcp, [](Receiver& r) { r.url = "https://siem.example/"; }},
              {"signing_secret", Protocol::webhook, [](Receiver& r) { r.signing_secret = std::string(23, 's'); }},
              {"signing_secret", Protocol::webhook, [](Receiver& r) { r.signing_secret = std::string(65, 's'); }},
              {"signing_secret", Protocol::relp, [](Receiver& r) { r.signing_secret = std::string(32, 's'); }},
              {"tls", Protocol::syslog_tcp, [](Receiver& r) { r.tls = true; }},
              {"tls", Protocol::syslog_udp, [](Receiver& r) { r.tls = true; }},
              {"authorities", Protocol::syslog_tls, [](Receiver& r) { r.authorities = "not PEM"; }},
              {"authorities", Protocol::relp, [&](Receiver& r) { r.authorities = good.certificate; }},
              {"client_key", Protocol::syslog_tls, [&](Receiver& r) { r.client_certificate = good.certificate; }},
              {"client_certificate", Protocol::syslog_tls, [&](Receiver& r) { r.client_key = good.key; }},
              {"client_certificate", Protocol::syslog_tcp,
               [&](Receiver& r) { r.client_certificate = good.certificate, r.client_key = good.key; }},
              {"client_certificate", Protocol::syslog_tls,
               [&](Receiver& r) { r.client_certificate = "not PEM", r.client_key = good.key; }},
              {"client_key", Protocol::syslog_tls,
               [&](Receiver& r) { r.client_certificate = good.certificate, r.client_key = other.key; }},
              {"client_key", Protocol::syslog_tls,
               [&](Receiver& r) { r.client_certificate = good.certificate, r.client_key = "not PEM"; }}};
  for (const auto& row : rows) {
    auto made = receiver(row.protocol);
    row.change(made);
    EXPECT_EQ(flawed_field(made), row.field) << protocol_name(row.protocol);
  }
  auto made = receiver(Protocol::syslog_tls);
  made.client_certificate = made.authorities = good.certificate;
  made.client_key = good.key;
  EXPECT_EQ(flawed_field(made), "");
}

TEST(Receiver, AFlawNamesNoSecret) {
  auto made = receiver(Protocol::syslog_tls);
  made.client_certificate = testing::self_signed("siem.example").certificate;
  made.client_key = "hunter2";
  const auto flaw = flaw_in(made);
  ASSERT_TRUE(flaw);
  EXPECT_EQ(flaw->text.find("hunter2"), std::string::npos);
  boost::asio::io_context io;
  EXPECT_THROW(make_transport(io.get_executor(), made, {}), std::invalid_argument);
}

}  // namespace
}  // namespace countersign::push
