//! What should not be let run: the same for the pool and for a running server.

/// A name and a program that should not be let run.
pub(crate) fn hostile() -> Vec<(&'static str, String)> {
    let program = |name, text: &str| (name, text.to_owned());
    vec![
        ("nested parentheses", "(".repeat(50_000)),
        ("nested brackets", format!("return {{'a': {}1{}}}", "[".repeat(5_000), "]".repeat(5_000))),
        ("minus signs", format!("return {{'a': {}1}}", "-".repeat(100_000))),
        ("minus signs that fit", format!("return {{'a': {}1}}", "-".repeat(10_000))),
        ("not not not", format!("return {{'a': {}True}}", "not ".repeat(3_000))),
        ("a long sum", format!("return {{'a': {}1}}", "1+".repeat(7_900))),
        ("a chain of attributes", format!("return {{'a': data{}}}", ".x".repeat(7_900))),
        ("deep blocks", (0..100).flat_map(|depth| [" ".repeat(depth), "if True:\n".to_owned()]).collect()),
        program("an endless loop", "for i in range(1000000000):\n    pass"),
        program("loops in loops", "for i in range(100000):\n    for j in range(100000):\n        pass"),
        program("recursion", "def f(x):\n    return f(x + 1)\nreturn {'a': f(0)}"),
        program(
            "mutual recursion",
            "def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\nreturn {'a': f(0)}",
        ),
        program("a big comprehension", "return {'a': [i * j for i in range(10000) for j in range(10000)]}"),
        program("list(range(10**9))", "return {'a': list(range(1000000000))}"),
        program("doubling strings", "x = 'x'\nfor i in range(60):\n    x = x + x\nreturn {'a': x}"),
        program("doubling lists", "x = [1]\nfor i in range(60):\n    x = x + x\nreturn {'a': x}"),
        program(
            "a replace bomb",
            "x = 'a' * 10000\nfor i in range(20):\n    x = x.replace('a', x)\nreturn {'a': x}",
        ),
        program("a big repetition", "return {'a': 'x' * 4000000000}"),
        program("a huge join", "return {'a': ('x' * 100000).join(['y'] * 100000)}"),
        program("squaring", "x = 7\nfor i in range(60):\n    x = x * x\nreturn {'a': x}"),
        program("a growing dict", "d = {}\nfor i in range(100000000):\n    d[i] = str(i)\nreturn d"),
        program("a deep result", "x = []\nfor i in range(200000):\n    x = [x]\nreturn {'a': x}"),
        program("a dict that holds itself", "d = {}\nd['d'] = d\nreturn d"),
        program(
            "comparing what holds itself",
            "a = []\na.append(a)\nb = []\nb.append(b)\nreturn {'a': a == b}",
        ),
        program("text of what holds itself", "d = {}\nd['d'] = d\nreturn {'a': len(str(d)) * 'x' * 100000}"),
        program(
            "a regular expression that explodes",
            "return {'a': regex_match('a' * 100000, '(a{1000}){1000}')}",
        ),
        program("printing without end", "for i in range(10000000):\n    print('x' * 1000)"),
        program("sorting", "return {'a': sorted(range(20000000))}"),
    ]
}
