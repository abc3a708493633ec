//! Messages to people: DingTalk, Feishu/Lark and WeCom robots, and a generic JSON webhook.
