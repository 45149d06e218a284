#include "adapters/directory/address.h"

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

namespace countersign::directory {
namespace {

std::string normal(std::string_view typed) {
  const NormalAddress address = normalise_address(typed);
  return address.ok ? address.text : std::string(code_of(address.error));
}

struct Row {
  std::string typed, expected;
};

TEST(Address, TableOfFormsAndRefusals) {
  const std::string label63(63, 'a'), local64(64, 'x');
  const Row rows[] = {
      {"a@example.com", "a@example.com"},
      {"  A.B+C@Example.COM \t", "a.b+c@example.com"},
      {"\xc2\xa0padded@example.com\xc2\xa0", "padded@example.com"},
      {"o'brien@example.com", "o'brien@example.com"},
      {"x@bücher.example", "x@xn--bcher-kva.example"},
      {"x@BÜCHER.example", "x@xn--bcher-kva.example"},
      {"x@bu\xcc\x88"
       "cher.example",
       "x@xn--bcher-kva.example"},
      {"x@xn--bcher-kva.example", "x@xn--bcher-kva.example"},
      {"x@XN--BCHER-KVA.example", "x@xn--bcher-kva.example"},
      {"x@straße.example", "x@xn--strae-oqa.example"},
      {"José@example.com", "josé@example.com"},
      {"jose\xcc\x81@example.com", "josé@example.com"},
      {"É@example.com", "é@example.com"},
      {local64 + "@example.com", local64 + "@example.com"},
      {"x@" + label63 + ".com", "x@" + label63 + ".com"},
      {"", "email-missing"},
      {" \r\n ", "email-missing"},
      {"x", "email-invalid"},
      {"x@", "email-invalid"},
      {"@example.com", "email-invalid"},
      {"x@localhost", "email-invalid"},
      {"a b@example.com", "email-invalid"},
      {"a@b@c.example", "email-invalid"},
      {"x at example.com", "email-invalid"},
      {".x@example.com", "email-invalid"},
      {"x.@example.com", "email-invalid"},
      {"x..y@example.com", "email-invalid"},
      {"x@example..com", "email-invalid"},
      {"x@.example.com", "email-invalid"},
      {"x@example.com.", "email-invalid"},
      {"x@-example.com", "email-invalid"},
      {"x@exam_ple.com", "email-invalid"},
      {"x@[127.0.0.1]", "email-invalid"},
      {"\"x\"@example.com", "email-invalid"},
      {"x<y@example.com", "email-invalid"},
      {std::string("x\0y@example.com", 15), "email-invalid"},
      {std::string("x@exam\0ple.com", 14), "email-invalid"},
      {"x\xff@example.com", "email-invalid"},
      {"x@xn--a.example", "email-invalid"},
      {local64 + "x@example.com", "email-invalid"},
      {"x@" + label63 + "a.com", "email-invalid"},
      {std::string(320, 'a') + "@example.com", "email-too-long"},
      {std::string(5000, 'a'), "email-too-long"},
      {"x@" + label63 + "." + label63 + "." + label63 + "." + label63, "email-too-long"},
  };
  for (const Row& row : rows) EXPECT_EQ(normal(row.typed), row.expected) << row.typed;
}

TEST(Address, TheNormalFormIsItsOwnNormalForm) {
  for (const char* typed : {"A@Example.com", "x@bücher.example", "José@straße.example", "x@日本語.example"}) {
    const std::string once = normal(typed);
    EXPECT_EQ(normal(once), once);
  }
}

TEST(Address, DISABLED_Speed) {
  constexpr int rounds = 1'000'000;
  std::size_t total = 0;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i)
    total += normalise_address("First.Last" + std::to_string(i) + "@Example.com").text.size();
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begun;
  std::cout << rounds / spent.count() << " addresses/s, " << total << " bytes\n";
}

}  // namespace
}  // namespace countersign::directory
