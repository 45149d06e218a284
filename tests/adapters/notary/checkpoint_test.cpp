// Checkpoints as texts, and the origins of logs.

#include "adapters/notary/checkpoint.h"

#include <gtest/gtest.h>

namespace countersign::notary {
namespace {

const std::string root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

TEST(Checkpoint, IsThreeLines) {
  const Checkpoint checkpoint{"example.com/log/acc_system", {20852163, bus::sha256("")}};
  EXPECT_EQ(text_of(checkpoint), "example.com/log/acc_system\n20852163\n" + root + "\n");
  EXPECT_EQ(parse_checkpoint(text_of(checkpoint)), checkpoint);
  EXPECT_EQ(parse_checkpoint(text_of(checkpoint) + "an extension of somebody else\n"), checkpoint);
}

TEST(Checkpoint, WhatIsNoneIsRefused) {
  for (const auto& wrong :
       {std::string(), std::string("a\n"), std::string("a\n1\n"), "a\n1\n" + root, "\n1\n" + root + "\n",
        "a\n\n" + root + "\n", "a\n-1\n" + root + "\n", "a\n01\n" + root + "\n", "a\n1 \n" + root + "\n",
        "a\n18446744073709551616\n" + root + "\n", "a\nx\n" + root + "\n", "a\n1\n" + root.substr(4) + "\n",
        "a\n1\n" + root.substr(0, 43) + "\n", "a\n1\n" + root + "\n\n", "a\n1\n" + root + "\nmore"})
    EXPECT_EQ(parse_checkpoint(wrong), std::nullopt) << wrong;
}

TEST(Origin, NamesHostAndAccount) {
  const auto account = domain::system_account();
  EXPECT_EQ(origin_of("audit.example.com:8420", account), "audit.example.com:8420/log/acc_system");
  EXPECT_EQ(account_of("audit.example.com:8420/log/acc_system"), account);
  for (const auto* wrong : {"", "acc_system", "/log/acc_system", "a/log/", "a/log/acc_", "a/log/acc_systems",
                            "a b/log/acc_system", "a/log/usr_system", "a+b/log/acc_system", "a/log/acc_system/"})
    EXPECT_EQ(account_of(wrong), std::nullopt) << wrong;
}

TEST(Origin, HostsAreNamesOfHosts) {
  for (const auto* host : {"a", "countersign.local", "audit-1.example.com", "127.0.0.1:8420"})
    EXPECT_TRUE(is_origin_host(host)) << host;
  for (const auto& host :
       {std::string(), std::string("a b"), std::string("a+b"), std::string("a/b"), std::string("https://a"),
        std::string("\xc3\xa4"), std::string("a\n"), std::string(254, 'a')})
    EXPECT_FALSE(is_origin_host(host)) << host;
}

}  // namespace
}  // namespace countersign::notary
