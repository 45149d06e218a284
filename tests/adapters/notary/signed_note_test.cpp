// Signed notes and verifier keys, against the example of Go's sumdb/note.

#include "adapters/notary/signed_note.h"

#include <gtest/gtest.h>

#include "adapters/keys/rfc4648.h"
#include "adapters/keys/secret_key.h"

namespace countersign::notary {
namespace {

const std::string text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const std::string verifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string note =
    text +
    "\n\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

keys::Key neumann() {
  return keys::Key(std::string_view(*keys::parse_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")).substr(1));
}
keys::Key other_seed() {
  return keys::Key(std::string_view("another seed, 32 bytes of it...."));
}
VerifierKey key_of(const std::string& name, const keys::Key& seed) {
  return {name, keys::public_key_of(seed)};
}

NoteFlaw flaw(const std::string& changed, const std::vector<VerifierKey>& keys) {
  const auto opened = open_note(changed, keys);
  EXPECT_TRUE(std::holds_alternative<NoteFlaw>(opened)) << changed;
  return std::get<NoteFlaw>(opened);
}

TEST(SignedNote, IsTheOneThatGoMakes) {
  EXPECT_EQ(sign_note(text, "PeterNeumann", neumann()), note);
  const auto key = parse_verifier_key(verifier);
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, key_of("PeterNeumann", neumann()));
  EXPECT_EQ(key->text(), verifier);
  const auto opened = open_note(note, std::vector{*key});
  ASSERT_TRUE(std::holds_alternative<OpenedNote>(opened));
  EXPECT_EQ(std::get<OpenedNote>(opened).text, text);
  EXPECT_EQ(std::get<OpenedNote>(opened).signer, *key);
}

TEST(SignedNote, OpensOnlyAsItWasSigned) {
  const std::vector keys{*parse_verifier_key(verifier)};
  for (std::size_t i = 0; i < note.size(); ++i) {
    auto changed = note;
    changed[i] ^= 1;
    EXPECT_TRUE(std::holds_alternative<NoteFlaw>(open_note(changed, keys))) << "byte " << i;
  }
  for (std::size_t size = 0; size < note.size(); ++size)
    EXPECT_EQ(flaw(note.substr(0, size), keys), NoteFlaw::malformed) << size;
  EXPECT_EQ(flaw("x" + note, keys), NoteFlaw::forged);
  EXPECT_EQ(
      flaw(sign_note("another text\n", "PeterNeumann", neumann()).substr(0, 14) + note.substr(text.size() + 1), keys),
      NoteFlaw::forged);
}

TEST(SignedNote, OfSomebodyElseIsNotOpened) {
  EXPECT_EQ(flaw(note, {}), NoteFlaw::unknown_key);
  EXPECT_EQ(flaw(note, {key_of("PeterNeumann", other_seed())}), NoteFlaw::unknown_key);
  EXPECT_EQ(flaw(note, {key_of("Peter", neumann())}), NoteFlaw::unknown_key);
}

TEST(SignedNote, MayHaveOthersSignaturesToo) {
  const auto theirs = sign_note(text, "witness", other_seed()).substr(text.size() + 1);
  const std::vector keys{*parse_verifier_key(verifier)};
  EXPECT_TRUE(std::holds_alternative<OpenedNote>(open_note(note + theirs, keys)));
  auto both = keys;
  both.push_back(key_of("witness", other_seed()));
  EXPECT_TRUE(std::holds_alternative<OpenedNote>(open_note(note + theirs, both)));
  auto broken = note + theirs;
  broken[broken.size() - 20] = broken[broken.size() - 20] == 'A' ? 'B' : 'A';
  EXPECT_TRUE(std::holds_alternative<OpenedNote>(open_note(broken, keys))) << "an unknown key's is passed over";
  EXPECT_EQ(flaw(broken, both), NoteFlaw::forged);
}

TEST(SignedNote, RefusesWhatIsNone) {
  const std::vector keys{*parse_verifier_key(verifier)};
  const auto signature = note.substr(text.size() + 1);
  for (const auto& wrong : {std::string(), text, text + "\n", text + signature, "a\tb\n\n" + signature,
                            text + "\n- PeterNeumann " + signature.substr(17),
                            text + "\n\u2014 " + signature.substr(17), text + "\n\u2014 a+b " + signature.substr(17),
                            text + "\n\u2014 PeterNeumann \n", text + "\n\u2014 PeterNeumann AAAA\n",
                            text + "\n\u2014 PeterNeumann x08go/ZJ=\n", note + "more\n", std::string(1'000'001, 'x')})
    EXPECT_EQ(flaw(wrong, keys), NoteFlaw::malformed) << wrong.substr(0, 300);
  EXPECT_EQ(text_of_note(note), text);
  EXPECT_EQ(text_of_note(text), std::nullopt);
}

TEST(SignedNote, IsNotMadeOfWhatCantBeOne) {
  EXPECT_THROW(sign_note("no newline", "name", neumann()), std::logic_error);
  EXPECT_THROW(sign_note("a\tb\n", "name", neumann()), std::logic_error);
  for (const auto* name : {"", "a b", "a+b", "a\nb"}) EXPECT_THROW(sign_note("a\n", name, neumann()), std::logic_error);
}

TEST(VerifierKey, WhatIsNoneIsRefused) {
  for (const auto* wrong : {"", "PeterNeumann", "PeterNeumann+c74f20a3",
                            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                            "PeterNeumanN+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10",
                            "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"})
    EXPECT_EQ(parse_verifier_key(wrong), std::nullopt) << wrong;
}

TEST(Ed25519, IsThatOfRfc8032) {
  // Section 7.1, test 1.
  const keys::Key seed(std::string_view(
      "\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03"
      "\x1c\xae\x7f\x60"));
  EXPECT_EQ(keys::base64(keys::ed25519_sign(seed, "")),
            "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==");
  EXPECT_TRUE(keys::ed25519_verify(keys::public_key_of(seed), "", keys::ed25519_sign(seed, "")));
  EXPECT_FALSE(keys::ed25519_verify(keys::public_key_of(seed), "x", keys::ed25519_sign(seed, "")));
  EXPECT_FALSE(keys::ed25519_verify(keys::public_key_of(seed), "", "short"));
  EXPECT_FALSE(keys::ed25519_verify(keys::public_key_of(other_seed()), "", keys::ed25519_sign(seed, "")));
}

}  // namespace
}  // namespace countersign::notary
