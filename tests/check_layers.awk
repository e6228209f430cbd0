# usage: awk -f tests/check_layers.awk tests/layers.txt daemon/... include/...
#
# Checks that includes point down only, that the library headers named in
# layers.txt stay behind their fences, that every .c begins with its own
# header, and that layers.txt lists every module there is and no other.

# daemon/dns/plain.c and include/dns/plain.h are both of the module dns/plain.
function module(path)
{
	sub(/^\.\//, "", path)
	sub(/^(daemon|include)\//, "", path)
	sub(/\.[ch]$/, "", path)
	return path
}

# Two programs share what is neither's: postdane and postdaned.
function program(m)
{
	return m ~ /^command\// ? "postdane" : \
	    m ~ /^process\// || m == "main" ? "postdaned" : ""
}

function complain(text)
{
	print FILENAME ":" FNR ": " text
	bad = 1
}

# ---- layers.txt: "MODULE: HEADER..." ----

FILENAME == ARGV[1] {
	sub(/#.*/, "")
	if (NF == 0)
		next
	name = $1
	if (sub(/:$/, "", name) == 0)
		complain("a module, a colon and library headers are expected")
	if (name in rank)
		complain(name " is listed twice")
	rank[name] = FNR
	for (i = 2; i <= NF; i++) {
		fenced[$i] = 1
		may[name, $i] = 1
	}
	next
}

# ---- the sources ----

FNR == 1 {
	me = module(FILENAME)
	exists[me] = 1
	if (FILENAME ~ /\.h$/)
		has_header[me] = 1
	else
		begins_with[me] = ""
	if (!(me in rank))
		complain(me " is missing from " ARGV[1])
}

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
	header = $0
	sub(/^[^"<]*["<]/, "", header)
	sub(/[">].*/, "", header)
	if (me in begins_with && begins_with[me] == "")
		begins_with[me] = header
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	other = module(header)
	if (!(other in rank))
		complain("unknown module " other)
	else if (other != me && rank[other] >= rank[me])
		complain(me " may not include " other ", which is above it")
	else if (program(other) != "" && program(me) != program(other))
		complain(me " may not include " other ", of " program(other))
}

/^[ \t]*#[ \t]*include[ \t]*</ {
	for (f in fenced)
		if (index(header, f) == 1 && !((me, f) in may))
			complain(me " may not include <" header ">")
}

END {
	for (m in rank)
		if (!(m in exists)) {
			print ARGV[1] ":" rank[m] ": there is no module " m
			bad = 1
		}
	for (m in begins_with)
		if (m in has_header && begins_with[m] != m ".h") {
			print "daemon/" m ".c: does not begin with its own " \
			    "header"
			bad = 1
		}
	exit bad
}
