# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the records of layers (ID/layers.json, several) say, a line each, tabs in it:
#
#	state WHAT STACK    a snapshot or the present state: ID NAME AFTER MESSAGE, and what overlayfs is to merge
#	layer FILE ID       a layer that is named
#	upper FILE ID       the one that is written to
#
# -v it=ID: that container is called "it". Reads only what ctr writes, a member a line, and fails at all else. (jq would
# take half of the time of an injection.)

function fail(why) {
	printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0 >"/dev/stderr"
	failed = 1
	exit 1
}

function text(value) {
	if (value ~ /\\/)
		fail("an escape")
	return value ~ /^".*"$/ ? substr(value, 2, length(value) - 2) : value
}

function chain(layer,    stack, deep) { # and what is below all
	for (stack = ""; layer != "null"; layer = parent[layer]) {
		if (!(layer in parent) || ++deep > 1000)
			return stack "broken:"
		stack = stack ".layers/" layer "/fs:"
	}
	return stack origins bases
}

function named(layer) {
	return layer == "null" ? "-" : layer in name && name[layer] != "null" ? name[layer] : "?"
}

function state(what, stack) {
	gsub(it, "it", what)
	sub(/:$/, "", stack)
	printf "state\t%s\t%s\n", what, stack
}

# All of a file has been read.
function finish(    i, id) {
	if (file == "")
		return
	id = file
	sub(/\/layers\.json$/, "", id)
	for (i = 1; i <= count; i++) {
		printf "layer\t%s\t%s\n", file, order[i]
		if (name[order[i]] != "null")
			state(id " " name[order[i]] " " named(after[order[i]]) " " message[order[i]], chain(order[i]))
	}
	printf "upper\t%s\t%s\n", file, upper
	state(id " (now) " named(last), id "/layers/" upper "/fs:" chain(head))
}

function begin(    i) {
	file = FILENAME
	count = 0
	where = bases = origins = upper = head = last = ""
	for (i in parent) {
		delete parent[i]
		delete name[i]
		delete after[i]
		delete message[i]
	}
}

# A snapshot: its members are kept until it ends.
function keep(    i) {
	order[++count] = layer = one_of["layer"]
	name[layer] = "name" in one_of ? one_of["name"] : "null"
	parent[layer] = one_of["parent"]
	after[layer] = one_of["after"]
	message[layer] = one_of["message"]
	for (i in one_of)
		delete one_of[i]
}

FNR == 1 {
	finish()
	begin()
}

{
	line = $0
	sub(/^ +/, "", line)
	sub(/,$/, "", line)
	key = value = line
	if (line ~ /^"[a-z_]+": /) {
		sub(/^"/, "", key)
		sub(/": .*/, "", key)
		sub(/^"[a-z_]+": /, "", value)
	} else {
		key = ""
	}
}

line == "{" && where == "" && FNR == 1 { next }
line == "{" && where == "snapshots" { where = "snapshot"; next }
line == "}" && where == "snapshot" { keep(); where = "snapshots"; next }
line == "}" && where == "origin" { where = ""; next }
line == "}" && where == "" { next }
line == "]" && where == "base" { where = ""; next }
line == "]" && where == "snapshots" { where = ""; next }
line == "]" && where == "layers" { where = "origin"; next }
value == "[]" && key ~ /^(base|snapshots|layers)$/ { next }
value == "[" && where == "" && key ~ /^(base|snapshots)$/ { where = key; next }
value == "[" && where == "origin" && key == "layers" { where = key; next }
value == "{" && where == "" && key == "origin" { where = key; next }
value ~ /[][{}]/ { fail("what is this") }
where == "base" && !key { bases = bases text(value) ":"; next }
where == "layers" && !key {
	printf "layer\t%s\t%s\n", file, text(value)
	origins = origins ".layers/" text(value) "/fs:"
	next
}
!key { fail("what is this") }
where == "snapshot" { one_of[key] = text(value); next }
where == "origin" { next }
key == "upper" { upper = text(value); next }
key == "head" { head = text(value); next }
key == "last" { last = text(value); next }
key ~ /^(version|next)$/ { next }
{ fail("an unknown member") }

END {
	if (!failed)
		finish()
}
