#include "adapters/messages/mail_text.h"

#include <gtest/gtest.h>

namespace countersign::messages {
namespace {

Message message() {
  return {"msg_1", "anna@example.com", "Your one-time password", "123456\n", "en"};
}

const MailSender sender{"no-reply@example.org", "", ""};

std::string field(const std::string& mail, const std::string& name) {
  const auto at = mail.find(name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return mail.substr(begin, mail.find("\r\n", begin) - begin);
}

std::string body(const std::string& text) {
  auto with_text = message();
  with_text.text = text;
  const auto mail = mail_text(sender, with_text, "anna@example.com", 0);
  return mail.substr(mail.find("\r\n\r\n") + 4);
}

TEST(MailText, Whole) {
  EXPECT_EQ(mail_text({"no-reply@example.org", "The \"A\" Team", "help@example.org"}, message(), "anna@example.com",
                      1'795'845'605),
            "From: \"The \\\"A\\\" Team\"\r\n <no-reply@example.org>\r\n"
            "To: anna@example.com\r\n"
            "Reply-To: help@example.org\r\n"
            "Subject: Your one-time password\r\n"
            "Date: Sat, 28 Nov 2026 06:00:05 +0000\r\n"
            "Message-ID: <msg_1@example.org>\r\n"
            "Content-Language: en\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "123456\r\n");
}

TEST(MailText, WhatMayBeLeftOut) {
  auto short_one = message();
  short_one.language.clear();
  const auto mail = mail_text(sender, short_one, "anna@example.com", 0);
  EXPECT_EQ(field(mail, "From"), "no-reply@example.org");
  EXPECT_EQ(mail.find("Reply-To"), std::string::npos);
  EXPECT_EQ(mail.find("Content-Language"), std::string::npos);
}

TEST(MailText, Subjects) {
  const struct {
    std::string subject, line;
  } rows[] = {{"plain", "plain"},
              {"Grüße", "=?UTF-8?B?R3LDvMOfZQ==?="},
              {"=?UTF-8?B?eA==?=", "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?="},
              {std::string(60, 'x'), std::string(60, 'x')},
              // A character isn't cut in two: 38 bytes and then 2.
              {std::string(38, 'x') + "ü", "=?UTF-8?B?eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=?="}};
  for (const auto& row : rows) {
    auto with_subject = message();
    with_subject.subject = row.subject;
    EXPECT_EQ(field(mail_text(sender, with_subject, "a@example.com", 0), "Subject"), row.line) << row.subject;
  }
}

TEST(MailText, QuotedPrintable) {
  const std::string x72(72, 'x');
  const struct {
    std::string text, body;
  } rows[] = {{"a", "a\r\n"},
              {"a\n", "a\r\n"},
              {"a\n\nb", "a\r\n\r\nb\r\n"},
              {"1 = 1", "1 =3D 1\r\n"},
              {"blank \ntab\t", "blank=20\r\ntab=09\r\n"},
              {" a\tb", " a\tb\r\n"},
              {"ü", "=C3=BC\r\n"},
              {x72 + "xxx", x72 + "xxx\r\n"},
              {x72 + "xxxx", x72 + "xxx=\r\nx\r\n"},
              {x72 + "ü", x72 + "=C3=\r\n=BC\r\n"}};
  for (const auto& row : rows) EXPECT_EQ(body(row.text), row.body) << row.text;
}

TEST(MailText, DotsAtALinesBeginAreDoubled) {
  EXPECT_EQ(with_doubled_dots(".\r\na.\r\n..b\r\n"), "..\r\na.\r\n...b\r\n");
  EXPECT_EQ(with_doubled_dots("a\r\n"), "a\r\n");
}

TEST(MailAddresses, LocalPartsStayAndDomainsAreThoseOfDns) {
  const struct {
    const char *given, *text;
    bool utf8;
  } rows[] = {{"Anna.Muster@Example.COM", "Anna.Muster@example.com", false},
              {" anna@example.com ", "anna@example.com", false},
              {"anna@bücher.example", "anna@xn--bcher-kva.example", false},
              {"jörg@example.com", "jörg@example.com", true},
              {"Jo\xcc\x88rg@example.com", "Jörg@example.com", true}};
  for (const auto& row : rows) {
    const auto address = mail_address(row.given);
    EXPECT_EQ(address.text, row.text);
    EXPECT_EQ(address.utf8, row.utf8) << row.given;
    EXPECT_EQ(address.error, "");
  }
}

TEST(MailAddresses, Refusals) {
  for (const char* given : {"", "anna", "anna@", "@example.com", "a@b@example.com", "anna@localhost", "a b@example.com",
                            "\"a b\"@example.com", "anna@[127.0.0.1]", "<anna@example.com>", "anna@example.com\r\nX: y",
                            "anna@example.com>", "a\xff@example.com"}) {
    const auto address = mail_address(given);
    EXPECT_NE(address.error, "") << given;
    EXPECT_EQ(address.text, "") << given;
  }
}

TEST(Messages, Flaws) {
  EXPECT_EQ(flaw_in(message()), "");
  const struct {
    const char* says;
    std::function<void(Message&)> spoil;
  } rows[] = {{"id", [](Message& m) { m.id = ""; }},
              {"id", [](Message& m) { m.id = std::string(129, 'a'); }},
              {"id", [](Message& m) { m.id = "a@b"; }},
              {"id", [](Message& m) { m.id = "a>\r\nX: y"; }},
              {"subject", [](Message& m) { m.subject = std::string(513, 'a'); }},
              {"subject", [](Message& m) { m.subject = "a\xff"; }},
              {"subject", [](Message& m) { m.subject = "a\nBcc: b"; }},
              {"subject", [](Message& m) { m.subject = "a\xc2\x85"; }},
              {"text", [](Message& m) { m.text = ""; }},
              {"text", [](Message& m) { m.text = std::string(16 * 1024 + 1, 'a'); }},
              {"text", [](Message& m) { m.text = "a\xff"; }},
              {"text", [](Message& m) { m.text = "a\rb"; }},
              {"text", [](Message& m) { m.text = std::string("a\0b", 3); }},
              {"language", [](Message& m) { m.language = "de_DE"; }},
              {"language", [](Message& m) { m.language = "d"; }}};
  for (const auto& row : rows) {
    auto spoilt = message();
    row.spoil(spoilt);
    EXPECT_NE(flaw_in(spoilt).find(row.says), std::string::npos) << row.says << ": " << flaw_in(spoilt);
  }
}

}  // namespace
}  // namespace countersign::messages
