#include "adapters/http/server/entity_tag.h"

#include <gtest/gtest.h>

namespace countersign::http {
namespace {

TEST(IfMatch, FindsTheTagInAList) {
  for (const char* header :
       {R"("v3")", R"("v2", "v3")", R"("v3","v4")", R"( "a,b" ,"v3")", R"(, "v3",)", R"(W/"v3", "v3")", "*", " * "})
    EXPECT_TRUE(if_match(header, R"("v3")")) << header;
}

TEST(IfMatch, IsNotFulfilledByOtherTagsNorByWeakOnes) {
  for (const char* header : {R"("v2")", R"("v33")", R"(W/"v3")", R"("V3")", R"("v2", W/"v3")", "\"x,\"v3\"", ""})
    EXPECT_FALSE(if_match(header, R"("v3")")) << header;
}

TEST(IfMatch, IsNotFulfilledByWhatIsNoListOfTags) {
  for (const char* header : {"v3", R"("v3)", R"("v3" "v2")", R"(w/"v3")", "3", R"(*, "v3")", R"("v3" x)", R"(x "v3")"})
    EXPECT_FALSE(if_match(header, R"("v3")")) << header;
}

}  // namespace
}  // namespace countersign::http
