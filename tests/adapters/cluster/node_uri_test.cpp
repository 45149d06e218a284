#include "adapters/cluster/node_uri.h"

#include <gtest/gtest.h>

namespace countersign::cluster {
namespace {

TEST(NodeUri, HoldsAnyId) {
  EXPECT_EQ(node_uri("node-1"), "countersign-node:node-1");
  EXPECT_EQ(node_uri("a b,URI:c\xff"), "countersign-node:a%20b%2CURI%3Ac%FF");
  for (const std::string node : {"node-1", "a/b?c#d%41",
                                 "n\xc3\xb6rd + s\xc3\xbc"
                                 "d",
                                 "\x01\xff,URI:x"})
    EXPECT_EQ(node_of(node_uri(node)), node);
}

TEST(NodeUri, AnythingElseNamesNoNode) {
  for (const char* uri : {"", "node-1", "https://node-1", "countersign-node:%4", "xcountersign-node:node-1"})
    EXPECT_EQ(node_of(uri), "") << uri;
}

}  // namespace
}  // namespace countersign::cluster
