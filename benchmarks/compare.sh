#!/usr/bin/env bash
# The comparison of docs/benchmarks/comparison.md: all methods on MNIST and Fashion-MNIST, LeNet, several seeds, and the
# study on validation images that its settings come from. Run with --help for the options.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<HELP
Usage: benchmarks/compare.sh --data DIR [options]

DIR holds the folders mnist, fashion-mnist and kmnist, each with files of the MNIST format. What is finished in --out is not
done again.

  --budget       a tenth of the epochs, one method after the other: how long each takes
  --study        train VIKING, IVON and SWAG in the settings that were compared, and look at validation images only
  --sets LIST    of mnist, fashion-mnist (default: both)
  --seeds LIST   default: 0,1,2
  --methods LIST default: map-short,map,viking,ivon,swag,laplace,miani-loss,miani-function,sgld,ensemble,multi-swag,viking-mixture
  --parallel N   cells at the same time (default: 2)
  --out DIR      default: benchmarks/target/comparison
  -h, --help     this text
HELP
}

data='' scales=free study_seeds=0 sets=mnist,fashion-mnist seeds=0,1,2 methods=map-short,map,viking,ivon,swag,laplace,miani-loss,miani-function,sgld,ensemble,multi-swag,viking-mixture parallel=2 study=no budget=no
out="$HERE/target/comparison"
while (($# > 0)); do
  case "$1" in
    --study) study=yes ;;
    --budget) budget=yes ;;
    --data | --sets | --seeds | --methods | --parallel | --out)
      need_value "$@"
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    *) help_or_fail "$1" ;;
  esac
  shift
done
[[ -n $data ]] || fail "--data is missing: a folder with mnist, fashion-mnist and kmnist is needed"

viking() { "$ROOT/viking" compare "$@" --parallel "$parallel"; }

# Batches of 128 and a falling rate in every stage; VIKING with deviations of its own in the kernel, its scales started
# in closed form, without the gradient through the projection (little of the training noise is projected away).
schedule=cosine start=curvature gradient=none
settings() {
  common=(--batch-size 128 --learning-rate 0.002 --schedule "$schedule" --sigma-epochs 0)
  options=(--scale-start "$start" --projection-gradient "$gradient" --draw-block 512)
}

other() { if [[ $1 == mnist ]]; then echo fashion-mnist; else echo mnist; fi; } # the set whose images are foreign to a set

final() { # what evaluated takes after the methods: all methods, then an ensemble that takes as long as VIKING's mixture
  evaluated "$1" "$methods" "${@:2}" --members 3
  [[ ,$methods, == *,ensemble,* ]] || return 0
  local members=7
  [[ $1 == mnist ]] || members=9
  mkdir -p "$out/larger/$1"
  cp -r "$out/$1/fits" "$out/larger/$1"
  out="$out/larger" evaluated "$1" ensemble "${@:2}" --members "$members"
}

# NAME, methods, epochs of maximum likelihood and of the objective, the KL weight in units of B/N, images to project by,
# those for members of a mixture, gamma, further options
evaluated() {
  local others
  others="$(other "$1")"
  settings
  viking --data "$data/$1" --ood "$others=$data/$others,kmnist=$data/kmnist" --methods "$2" --seeds "$seeds" \
    "${common[@]}" --mle-epochs "$3" --epochs "$4" "${options[@]}" --beta "$5" --draw-images "$6" --mixture-draw-images "$7" --samples 30 \
    --scales free-layers --gamma "$8" --ivon-learning-rate 0.25 --swag-epochs 6 --swag-learning-rate 0.05 --sgld-learning-rate 0.3 \
    --out "$out/$1" "${@:9}"
}

tenth() { # set, methods, further options: one seed, a tenth of the epochs, nothing beside it
  local set="$1" which="$2"
  shift 2
  settings
  parallel=1 viking --data "$data/$set" --methods "$which" --seed 0 "${common[@]}" "${options[@]}" --scales free-layers --samples 30 \
    --ivon-learning-rate 0.25 --swag-epochs 1 --swag-learning-rate 0.05 --sgld-cycles 1 --out "$out/budget/$set" "$@"
}

trial() { # NAME, set, methods, further options: one seed, validation images
  local name="$1" set="$2" which="$3"
  shift 3
  trained "$name" "$set" "$which" 15 20 "$@"
}

trained() { # NAME, set, methods, epochs of maximum likelihood, samples, further options
  local name="$1" set="$2" which="$3" epochs="$4" samples="$5"
  shift 5
  settings
  viking --data "$data/$set" --split validation --methods "$which" --seeds "$study_seeds" "${common[@]}" --mle-epochs "$epochs" \
    --scales "$scales" "${options[@]}" --samples "$samples" --out "$out/study/$set-$name" "$@"
}

longer() { # set: 30 epochs, most of them of the objective
  local beta betas='0.1 0.2' images
  [[ $1 == fashion-mnist ]] || betas='0.006 0.02'
  for beta in $betas; do
    trained "longer-beta$beta" "$1" viking 10 30 --epochs 20 --beta "$beta" --draw-images 5120
  done
  trained longer-ivon "$1" ivon 20 30 --epochs 10 --ivon-learning-rate 0.25
  [[ $1 == fashion-mnist ]] || return 0
  trained longest "$1" viking 5 30 --epochs 25 --beta 0.1 --draw-images 5120
  for images in 512 1024; do
    trained "longer-images$images" "$1" viking 10 30 --epochs 20 --beta 0.1 --draw-images "$images"
  done
}

final_study() { # set, epochs of maximum likelihood and of the objective, KL weight: what final has, other gammas and images
  local gamma images name study_seeds=0,1,2
  for gamma in 0.2 0.95; do
    name="final-gamma$gamma"
    scales=free-layers trained "$name" "$1" viking "$2" 30 --epochs "$3" --beta "$4" --gamma "$gamma" --draw-images 5120
    for images in 64 128 256 1024; do
      scales=free-layers redrawn "$name" "$1" "$images" "$2" 30 --epochs "$3" --beta "$4" --gamma "$gamma"
    done
  done
}

beyond() { # set, epochs of maximum likelihood and of the objective, KL weight, images: scales for each layer; SGLD's rate
  local rate
  scales=free-layers trained layers "$1" viking "$2" 30 --epochs "$3" --beta "$4" --draw-images "$5"
  [[ $1 == fashion-mnist ]] || return 0
  for rate in 0.1 0.3; do
    trained "sgld$rate" "$1" sgld 30 30 --epochs 0 --sgld-learning-rate "$rate"
  done
}

mixed() { # set, epochs of maximum likelihood and of the objective, KL weight, gamma: VIKING's mixture, samples by how many images
  local images study_seeds=0,1,2 drawn=viking-mixture scales=free-layers others
  others="$(other "$1")"
  local more=(--beta "$4" --gamma "$5" --members 3 --ood "$others=$data/$others")
  trained mixture "$1" viking-mixture "$2" 30 --epochs "$3" "${more[@]}" --draw-images 5120
  for images in 20480 0; do redrawn mixture "$1" "$images" "$2" 30 --epochs "$3" "${more[@]}"; done
  [[ $1 == fashion-mnist ]] || return 0
  study_seeds=0
  trained mixture-ensemble "$1" ensemble "$2" 30 --epochs "$3" "${more[@]}"
  trained mixture-short "$1" viking,viking-mixture 29 30 --epochs 1 "${more[@]}" --draw-images 20480
}

redrawn() { # NAME of a training, set, images, what trained takes after the method: the same fit, samples by other images
  local name="$1" set="$2" images="$3"
  shift 3
  mkdir -p "$out/study/$set-$name-images$images"
  cp -r "$out/study/$set-$name/fits" "$out/study/$set-$name-images$images"
  trained "$name-images$images" "$set" "${drawn:-viking}" "$@" --draw-images "$images"
}

single() { # NAME, further options: 10 + 10 epochs on Fashion-MNIST, scales for each layer
  local name="single-$1"
  shift
  scales=free-layers trained "$name" fashion-mnist viking 10 30 --epochs 10 --beta 0.1 --draw-images 5120 "$@"
  scales=free-layers redrawn "$name" fashion-mnist 256 10 30 --epochs 10 --beta 0.1 "$@"
}

changed() { # which setting of all, its value
  local "$1=$2"
  single "$1"
}

singles() { # what the other studies have, one thing changed at a time
  single base
  single gamma.95 --gamma 0.95
  single gamma.99 --gamma 0.99
  single projection-batch --projection-batch 256
  single precision --precision each-epoch
  changed start given
  changed schedule constant
  changed gradient exact
}

augmented() { # set, augmentation, epochs of maximum likelihood and of the objective, KL weight, images
  trained augmented-map "$1" map "$(($3 + $4))" 30 --epochs 0 --augment "$2"
  trained augmented "$1" viking "$3" 30 --epochs "$4" --beta "$5" --draw-images "$6" --augment "$2"
}

untied() { # set: does it help that the kernel's deviation is not the prior's?
  local kind
  for kind in tied free; do
    viking --data "$data/$1" --split validation --methods map,viking --seed 0 --batch-size 64 --schedule cosine \
      --mle-epochs 3 --sigma-epochs 1 --epochs 8 --scales "$kind" --scale-start given --beta 0.1 --samples 50 --out "$out/study/$1-$kind"
  done
}

if [[ $budget == yes ]]; then
  tenth mnist map,viking,ivon,swag,laplace,miani-loss,miani-function,sgld --gamma 0.95 --mle-epochs 2 --epochs 1 --beta 0.02 --draw-images 5120
  tenth fashion-mnist viking --mle-epochs 1 --epochs 2 --beta 0.1 --draw-images 128
  exit
fi

IFS=, read -ra chosen <<<"$sets"
for set in "${chosen[@]}"; do
  [[ $set == mnist || $set == fashion-mnist ]] || fail "--sets: $set given; mnist or fashion-mnist is needed"
  if [[ $study == no ]]; then
    if [[ $set == mnist ]]; then final mnist 20 10 0.02 5120 20480 0.95; else final fashion-mnist 10 20 0.1 128 20480 0.2; fi
    continue
  fi
  epochs="$([[ $set == mnist ]] && echo 6 || echo 8)"
  betas="$([[ $set == mnist ]] && echo 0.02 0.1 || echo 0.04 0.1 0.5)"
  for beta in $betas; do
    for images in 1024 5120 0; do
      trial "beta$beta-images$images" "$set" viking --epochs "$epochs" --beta "$beta" --draw-images "$images"
    done
  done
  untied "$set"
  longer "$set"
  if [[ $set == mnist ]]; then
    beyond mnist 20 10 0.02 5120
    final_study mnist 20 10 0.02
    mixed mnist 20 10 0.02 0.95
    augmented mnist shift 20 10 0.02 5120
  else
    beyond fashion-mnist 10 20 0.1 1024
    final_study fashion-mnist 10 20 0.1
    mixed fashion-mnist 10 20 0.1 0.2
    scales=free-layers augmented fashion-mnist flip-crop 10 20 0.1 1024
    singles
  fi
  trial linearised "$set" viking --epochs "$epochs" --beta 0.1 --draw-images 5120 --predictions linearised
  trial map "$set" map --epochs 0 --map-precision 0
  for rate in 0.1 0.25; do trial "ivon$rate" "$set" ivon --epochs 0 --ivon-learning-rate "$rate"; done
  for rate in 0.01 0.05; do
    trial "swag$rate" "$set" swag --epochs 0 --map-precision 0 --swag-epochs 6 --swag-learning-rate "$rate"
  done
done
